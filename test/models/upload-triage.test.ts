import { testTriage } from "./triage.ts";

// It was trained on the public images, too.
testTriage({
  name: "upload-triage",
  side: 192,
  convolutions: 21,
  megabytes: 1.5,
  recalls: { mean: 0.95, each: 0.9 },
});
