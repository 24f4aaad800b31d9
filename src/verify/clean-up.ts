import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from "@aws-sdk/client-s3";

/** Removes all versions of all objects below a prefix, delete markers too. @returns how many */
export async function removeBelow(s3: S3Client, bucket: string, prefix: string): Promise<number> {
  let removed = 0;
  for (;;) {
    // Always the first page: what was on it before is gone.
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix }));
    const Objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    }));
    if (Objects.length === 0) return removed;
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    const [error] = Errors;
    if (error !== undefined)
      throw new Error(`${bucket}/${error.Key} cannot be removed: ${error.Code} ${error.Message}`);
    removed += Objects.length;
  }
}
