/** S3's error codes as this endpoint answers them: HTTP status and the sentence S3 sends. */
const ERRORS = {
  AccessDenied: [403, "Access Denied"],
  AnnotationLimitExceeded: [400, "The object has 1,000 annotations already."],
  AnnotationNameTooLong: [400, "The annotation name is longer than 512 bytes of UTF-8."],
  BadDigest: [
    400,
    "The Content-MD5 or checksum value that you specified did not match what the server received.",
  ],
  BucketAlreadyOwnedByYou: [409, "The bucket that you tried to create already exists, and you own it."],
  BucketNotEmpty: [409, "The bucket that you tried to delete is not empty."],
  EntityTooLarge: [400, "Your proposed upload exceeds the maximum allowed object size of 5 GiB."],
  EntityTooSmall: [400, "Your proposed upload is smaller than the minimum allowed size of 5 MiB a part."],
  IllegalVersioningConfigurationException: [400, "The versioning status must be Enabled or Suspended."],
  IncompleteBody: [400, "The request body ended early or is not framed as its headers say."],
  InternalError: [500, "We encountered an internal error. Please try again."],
  InvalidAnnotationName: [
    400,
    "An annotation name has letters, digits and _ . - and does not begin with aws or s3.",
  ],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidDigest: [400, "The Content-MD5 or checksum value that you specified is not valid."],
  InvalidPolicyDocument: [400, "The content of the form does not meet the conditions of a policy document."],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found, or its entity tag or checksum did not match.",
  ],
  InvalidPartNumber: [416, "The requested partnumber is not satisfiable"],
  InvalidPartOrder: [400, "The list of parts was not in ascending order."],
  InvalidRange: [416, "The requested range is not satisfiable"],
  InvalidRequest: [400, "Invalid Request"],
  InvalidTag: [400, "The tag set is not valid."],
  InvalidURI: [400, "The URI could not be parsed."],
  KeyTooLongError: [400, "Your key is too long: at most 1024 bytes of UTF-8."],
  MalformedPOSTRequest: [400, "The body of your POST request is not well-formed multipart/form-data."],
  MalformedXML: [400, "The XML that you provided was not well formed or did not validate."],
  MetadataTooLarge: [400, "Your metadata headers exceed the maximum allowed metadata size of 2 KiB."],
  MethodNotAllowed: [405, "The specified method is not allowed against this resource."],
  MissingContentLength: [411, "You must provide the Content-Length HTTP header."],
  NoSuchBucketPolicy: [404, "The bucket policy does not exist"],
  NoSuchAnnotation: [404, "The specified annotation does not exist."],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchCORSConfiguration: [404, "The CORS configuration does not exist"],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchLifecycleConfiguration: [404, "The lifecycle configuration does not exist"],
  NoSuchTagSet: [404, "The TagSet does not exist"],
  NoSuchUpload: [
    404,
    "The specified multipart upload does not exist: it may have been aborted or completed.",
  ],
  NoSuchVersion: [404, "The specified version does not exist."],
  NoSuchWebsiteConfiguration: [404, "The specified bucket does not have a website configuration"],
  NotImplemented: [501, "A header or query that you provided implies functionality that is not implemented."],
  ObjectLockConfigurationNotFoundError: [404, "Object Lock configuration does not exist for this bucket"],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold"],
  ReplicationConfigurationNotFoundError: [404, "The replication configuration was not found"],
  UnsupportedMediaType: [415, "The annotation payload is not valid UTF-8 text."],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
} as const satisfies Record<string, readonly [number, string]>;

export type S3ErrorCode = keyof typeof ERRORS;

export interface S3ErrorOptions {
  /** Replaces the default sentence. */
  readonly message?: string;
  /** More XML elements beside Code and Message, as S3 adds them (`Condition`, `ActualObjectSize`, …). */
  readonly details?: Readonly<Record<string, string | number>>;
  /** More response headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is an S3 error document. `code` is free text, because an injected fault may name any. */
export class S3Error extends Error {
  readonly code: string;
  readonly status: number;
  readonly details: Readonly<Record<string, string | number>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: string, status: number, message: string, options: S3ErrorOptions = {}) {
    super(message);
    this.name = "S3Error";
    this.code = code;
    this.status = status;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
  }
}

/** The error of that code with S3's own status and, unless one is given, S3's own message. */
export function s3Error(code: S3ErrorCode, options: S3ErrorOptions = {}): S3Error {
  const [status, message] = ERRORS[code];
  return new S3Error(code, status, options.message ?? message, options);
}
