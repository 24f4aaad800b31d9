import { testTriage } from "./triage.ts";

testTriage({
  name: "upload-triage-224",
  side: 224,
  convolutions: 27,
  megabytes: 3.5,
  recalls: { mean: 0.95, each: 0.9 },
});
