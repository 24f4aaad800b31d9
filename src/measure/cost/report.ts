import type { ResultsAs } from "../../function/config.ts";
import type { Machine } from "../machine.ts";
import type { MeasuredBatch } from "./measure.ts";
import type { Assumptions, Dollars, Work } from "./model.ts";
import type { Prices } from "./prices.ts";
import type { Setting } from "./sweep.ts";

/** What `npm run cost -- --json` prints. */
export interface CostReport {
  schemaVersion: 1;
  /** Where the numbers come from. */
  basis:
    | "modelled from a measurement on this machine, not yet run on AWS"
    | "metrics of the deployed function";
  prices: Prices;
  machine?: Machine;
  work?: Work;
  measured?: MeasuredBatch[];
  assumptions?: Assumptions;
  /** As template.yaml deploys it, or as the metrics say. */
  deployed: { title: string; memoryMb: number; batch: number; msPerPicture: number; dollars: Dollars }[];
  cheapest?: Setting;
  fastest?: Setting;
  /** arm64. */
  sweep: Setting[];
  /** Each way of publishing at the template's memory on arm64, by batch size. */
  ways?: { way: ResultsAs; work: Work; settings: Setting[] }[];
  /** The default setting if S3 took 100 ms a request, the lower end of the 100 to 200 ms that is usually told of small objects. */
  slowS3?: Setting;
}
