import type { Cloud } from "./cloud.ts";

/** What a check needs to know of a deployed stack. */
export interface Deployment {
  readonly uploadsBucket: string;
  readonly resultsBucket: string;
  readonly aliasArn: string;
  readonly logGroup: string;
  readonly isolationQueueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly alarmNames: readonly string[];
  /** Name of the annotation that holds a result; without one, results are objects. */
  readonly annotationName: string | undefined;
  readonly serviceName: string;
  readonly modelName: string;
  /** Keys must begin and end so to be classified. */
  readonly prefix: string;
  readonly suffix: string;
}

/** Finds a stack's parts by its outputs and parameters. Throws when one is missing, and says which. */
export async function findDeployment(cloud: Cloud, stackName: string): Promise<Deployment> {
  const { outputs, parameters, alarmNames } = await cloud.describeStack(stackName);
  const output = (name: string): string => {
    const value = outputs[name];
    if (value) return value;
    const there = Object.keys(outputs).join(", ") || "none";
    throw new Error(
      `The stack ${stackName} has no output ${name}; its outputs are: ${there}. Is it this project's?`,
    );
  };
  const aliasArn = output("FunctionAlias");
  const { ResultsAs: resultsAs = "object" } = parameters;
  if (resultsAs === "lines") {
    throw new Error(
      `The stack ${stackName} has ResultsAs=lines, which keeps no result of each image to wait for. Verify a stack with object or annotation.`,
    );
  }
  return {
    uploadsBucket: output("UploadsBucketName"),
    resultsBucket: output("ResultsBucketName"),
    aliasArn,
    annotationName:
      resultsAs === "object" ? undefined : (await cloud.functionState(aliasArn)).environment.ANNOTATION_NAME,
    logGroup: output("LogGroupName"),
    isolationQueueUrl: output("IsolationQueueUrl"),
    deadLetterQueueUrl: await cloud.queueUrl(output("DeadLetterQueueArn")),
    alarmNames,
    serviceName: parameters.ServiceName ?? "graviton-image-classifier",
    modelName: parameters.ModelName ?? "upload-triage",
    prefix: parameters.UploadsPrefix ?? "",
    suffix: parameters.UploadsSuffix ?? "",
  };
}
