import { s3Error } from "./errors.ts";

/** Form fields that a policy need not name. */
const FREE = /^(policy|file|x-amz-signature|awsaccesskeyid|x-ignore-.*)$/;

/**
 * Checks a form against the policy that was signed for it: its expiration, `eq` and `starts-with` conditions,
 * `content-length-range`, and that it names every field. The signature is not verified, as nowhere here.
 *
 * Throws AccessDenied, EntityTooSmall, EntityTooLarge, InvalidPolicyDocument.
 *
 * @param policy base64 of the JSON document
 * @param fields the form's fields by lower-case name, and `bucket`
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export function checkPolicy(policy: string, fields: ReadonlyMap<string, string>, size: number): void {
  const { expiration, conditions } = parsePolicy(policy);
  const expiresAt = Date.parse(expiration);
  if (!(expiresAt > Date.now())) throw denied("Policy expired.");
  const named = new Set<string>();
  for (const condition of conditions) {
    const [kind, first, second] = Array.isArray(condition) ? condition : exactly(condition);
    if (String(kind).toLowerCase() === "content-length-range") {
      if (size < Number(first)) throw s3Error("EntityTooSmall", { details: { ProposedSize: size } });
      if (size > Number(second)) throw s3Error("EntityTooLarge", { details: { ProposedSize: size } });
      continue;
    }
    const name = String(first).replace(/^\$/, "").toLowerCase();
    named.add(name);
    const value = fields.get(name) ?? "";
    const holds =
      kind === "starts-with"
        ? value.startsWith(String(second))
        : kind === "eq" && fields.has(name) && value === String(second);
    if (!holds) throw denied(`Policy Condition failed: ${JSON.stringify(condition)}`);
  }
  const extra = [...fields.keys()].filter(
    (name) => name !== "bucket" && !FREE.test(name) && !named.has(name),
  );
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(", ")}`);
}

function parsePolicy(policy: string): { expiration: string; conditions: readonly unknown[] } {
  try {
    const document: unknown = JSON.parse(Buffer.from(policy, "base64").toString("utf8"));
    const { expiration, conditions } = document as { expiration?: unknown; conditions?: unknown };
    if (typeof expiration === "string" && Array.isArray(conditions)) return { expiration, conditions };
  } catch {
    // Answered below.
  }
  const message = 'Expected a policy in base64: {"expiration": "…", "conditions": […]}.';
  throw s3Error("InvalidPolicyDocument", { message });
}

/** `{"acl": "private"}` says the same as `["eq", "$acl", "private"]`. */
function exactly(condition: unknown): readonly unknown[] {
  const [[name, value] = []] = Object.entries((condition ?? {}) as object);
  return ["eq", `$${name}`, value];
}

function denied(reason: string): Error {
  return s3Error("AccessDenied", { message: `Invalid according to Policy: ${reason}` });
}
