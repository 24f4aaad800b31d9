import { valueAt } from "./json.ts";
import { readMessageText } from "./message.ts";
import { type Trigger, throwFailures } from "./trigger.ts";

/** `{Records: [{EventSource: "aws:sns", Sns: {MessageId, Message}}]}`. */
export interface SnsEvent {
  readonly Records: readonly unknown[];
}

/** A topic that S3 notifies and the function subscribes to; asynchronous, as S3 itself. */
export const snsTrigger: Trigger<SnsEvent> = {
  shape: "SNS {Records: [{EventSource: aws:sns}]}",
  matches(event): event is SnsEvent {
    const records = valueAt(event, "Records");
    return Array.isArray(records) && valueAt(records[0], "EventSource") === "aws:sns";
  },
  read: ({ Records }) =>
    Records.flatMap((record, index) => {
      const id = valueAt(record, "Sns", "MessageId");
      const known = typeof id === "string" ? id : String(index);
      return readMessageText(valueAt(record, "Sns", "Message"), known, `SNS notification ${known}`);
    }),
  answer: (_event, done) => throwFailures(done),
};
