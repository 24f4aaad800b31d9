import type * as Annotation from "../../../src/function/stages/publish/annotation.ts";
import { believingTheFirst } from "./stages-fetch.ts";

type Mutant = Pick<typeof Annotation, "annotationPublisher">;

/** S3's first word that the upload is gone or another one is taken for granted. */
export function believeTheFirstRefusal({ annotationPublisher }: typeof Annotation): Mutant {
  return { annotationPublisher: (s3, ...args) => annotationPublisher(believingTheFirst(s3), ...args) };
}
