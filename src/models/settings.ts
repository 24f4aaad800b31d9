import { readConfig } from "../function/config.ts";

/** What the deployed function does where its environment says nothing. The bucket is required, but not used here. */
export const DEPLOYED_SETTINGS = readConfig({ RESULTS_BUCKET: "not-used" });
