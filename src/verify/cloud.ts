/** What the check asks of AWS beside S3: a narrow view of five services, so that a test can stand in for them. */
export interface Cloud {
  /** Throws when there is no such stack. */
  describeStack(name: string): Promise<StackDescription>;
  alarms(names: readonly string[]): Promise<Alarm[]>;
  /** Messages of a queue, waiting or in flight. */
  countMessages(queueUrl: string): Promise<number>;
  queueUrl(queueArn: string): Promise<string>;
  functionState(aliasArn: string): Promise<FunctionState>;
  /** Sum of a metric of the function since a time. */
  sumMetric(metric: Metric, since: Date): Promise<number>;
  /** What Lambda billed for each invocation since a time, in ms. */
  billedDurations(logGroup: string, since: Date): Promise<number[]>;
}

export interface StackDescription {
  readonly outputs: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  /** Physical names of the stack's metric alarms. */
  readonly alarmNames: readonly string[];
}

export interface Alarm {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}

export interface FunctionState {
  /** The version that the alias serves; the highest one when it shifts traffic between two. */
  readonly liveVersion: string;
  /** Further versions that get traffic, in a deployment that is not over. */
  readonly otherVersions: readonly string[];
  readonly newestVersion: string;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
}

export interface Metric {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}
