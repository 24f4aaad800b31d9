// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation fills these in
import assert from "node:assert/strict";
import { test } from "node:test";
import { branches, type Fields, fields, list, ofType, properties, resources, walk } from "./read.ts";

/** Every policy statement of the template, wherever it stands. */
function allStatements(): Fields[] {
  const found: Fields[] = [];
  walk(resources, (node) => {
    for (const statement of list(node.Statement).flatMap(branches)) found.push(fields(statement));
  });
  return found;
}

function statementsOf(role: string): Fields[] {
  return list(properties(role).Policies)
    .flatMap((policy) => list(fields(fields(policy).PolicyDocument).Statement))
    .flatMap(branches)
    .map((statement) => fields(statement));
}

const actionsOf = (role: string) => statementsOf(role).flatMap(({ Action }) => list(Action).map(String));

test("no statement allows an action with a wildcard, or all resources", () => {
  const allowed = allStatements().filter(({ Effect }) => Effect === "Allow");
  assert.ok(allowed.length > 10);
  for (const { Sid, Action, NotAction, NotResource, Resource } of allowed) {
    assert.equal(NotAction ?? NotResource, undefined, `${Sid}: lists what is allowed, not what is not`);
    for (const action of list(Action)) assert.doesNotMatch(String(action), /[*?]/, `${Sid}: ${action}`);
    for (const resource of list(Resource)) {
      const text = JSON.stringify(resource);
      // Objects of a named bucket are as near as S3 lets a policy come to "the uploads".
      assert.doesNotMatch(
        text.replace(/\/(\$\{UploadsPrefix\}|results\/)?\*"/, '"'),
        /\*/,
        `${Sid}: ${text}`,
      );
    }
  }
});

test("the function may do what it does and no more", () => {
  assert.deepEqual(actionsOf("ClassifierRole").sort(), [
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:GetObject",
    "s3:GetObjectAnnotation",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionAnnotation",
    "s3:GetObjectVersionTagging",
    "s3:ListBucket",
    "s3:PutObject",
    "s3:PutObject",
    "s3:PutObjectAnnotation",
    "s3:PutObjectTagging",
    "s3:PutObjectVersionAnnotation",
    "s3:PutObjectVersionTagging",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
  ]);
});

test("whatever is permitted of an object is permitted of its version, which the function names", () => {
  for (const { Sid, Action } of statementsOf("ClassifierRole")) {
    const actions = list(Action).map(String);
    for (const [action, operation = ""] of actions.map((name) => [name, name.split(":")[1]])) {
      if (!/^(Get|Put)Object(Annotation|Tagging)$/.test(operation)) continue;
      const ofVersion = `s3:${operation.replace("Object", "ObjectVersion")}`;
      assert.ok(actions.includes(ofVersion), `${Sid}: ${action} without ${ofVersion}`);
    }
  }
});

test("removal, tags and the key are permitted only where they are asked for", () => {
  const conditional = new Map<string, string>();
  walk(properties("ClassifierRole"), (node) => {
    const [condition, statement] = list(node["Fn::If"]);
    const { Sid } = typeof statement === "object" && !Array.isArray(statement) ? fields(statement) : {};
    if (typeof Sid === "string") conditional.set(Sid, String(condition));
  });
  assert.deepEqual(
    [...conditional],
    [
      ["PublishResults", "PublishesObjects"],
      ["WriteLines", "WritesLines"],
      ["AnnotateUploads", "PublishesAnnotations"],
      ["RemoveResults", "RemovesResults"],
      ["TagUploads", "TagsUploads"],
      ["UseKey", "HasKmsKey"],
    ],
  );
});

test("the function has a role of its own, so that SAM adds no policy of AWS's", () => {
  assert.deepEqual(properties("ClassifierFunction").Role, { "Fn::GetAtt": "ClassifierRole.Arn" });
  assert.deepEqual(
    ofType("AWS::IAM::Role").flatMap(([, role]) => branches(role.ManagedPolicyArns).flatMap(list)),
    // X-Ray has no resources to name; only where Tracing asks for it.
    [{ "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess" }],
  );
  assert.equal(list(fields(properties("ClassifierRole").ManagedPolicyArns)["Fn::If"])[0], "Traces");
});

test("each role is taken by one service, under conditions that the service documents", () => {
  const trusted = (role: string) =>
    list(fields(properties(role).AssumeRolePolicyDocument).Statement).map((statement) => fields(statement));
  for (const [role, service] of [
    ["ClassifierRole", "lambda.amazonaws.com"],
    // S3 Batch Operations documents none; a key that it does not send would refuse every job.
    ["BackfillRole", "batchoperations.s3.amazonaws.com"],
  ] as const) {
    assert.deepEqual(trusted(role), [
      { Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" },
    ]);
  }
});

test("the backfill invokes the alias alone and writes reports alone", () => {
  const byId = new Map(statementsOf("BackfillRole").map((statement) => [statement.Sid, statement]));
  assert.deepEqual(byId.get("Classify")?.Action, "lambda:InvokeFunction");
  assert.deepEqual(byId.get("Classify")?.Resource, { Ref: "ClassifierFunction.Alias" });
  assert.deepEqual(byId.get("WriteReport")?.Resource, {
    "Fn::Sub": "${ReportsBucket.Arn}/*",
  });
});
