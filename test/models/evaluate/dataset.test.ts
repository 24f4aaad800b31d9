import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { CommandError } from "../../../src/models/errors.ts";
import { readImageFolder, readImageList } from "../../../src/models/evaluate/dataset.ts";

const folder = mkdtempSync(join(tmpdir(), "dataset-"));
after(() => rmSync(folder, { recursive: true, force: true }));
for (const file of ["cat/b.jpg", "cat/a.jpg", "dog/c.png", "cat/.DS_Store"]) {
  mkdirSync(join(folder, file, ".."), { recursive: true });
  writeFileSync(join(folder, file), "");
}
writeFileSync(join(folder, "notes.txt"), "not a picture, not in a label's folder");

function throwsDatasetWrong(run: () => unknown, message: RegExp): void {
  assert.throws(
    run,
    (error) => error instanceof CommandError && error.code === "DATASET_WRONG" && message.test(error.message),
  );
}

function list(content: string): string {
  const file = join(folder, "list.tsv");
  writeFileSync(file, content);
  return file;
}

describe("pictures in ImageFolder layout", () => {
  test("are listed in a stable order with the folder's name as their label", () => {
    assert.deepEqual(readImageFolder(folder, ["dog", "cat", "cow"]), [
      { file: "cat/a.jpg", label: "cat" },
      { file: "cat/b.jpg", label: "cat" },
      { file: "dog/c.png", label: "dog" },
    ]);
  });

  test("of a label that the model does not know are refused by name", () => {
    throwsDatasetWrong(
      () => readImageFolder(folder, ["cat", "cow"]),
      /labels of the model \("cat", "cow"\), got "dog"/,
    );
  });

  test("that are not there are an error, not an accuracy of 0", () => {
    throwsDatasetWrong(() => readImageFolder(join(folder, "none"), ["cat"]), /ENOENT/);
    throwsDatasetWrong(() => readImageFolder(join(folder, "cat"), ["cat"]), /got none/);
  });
});

describe("a list of pictures", () => {
  test("chooses files and gives them their labels; comments, blanks and a header are skipped", () => {
    const file = list("file\tlabel\r\n# held out\r\ncat/b.jpg\tdog\r\n\r\ndog/c.png\tdog\tmore columns\r\n");
    assert.deepEqual(readImageList(file, folder, ["cat", "dog"]), [
      { file: "cat/b.jpg", label: "dog" },
      { file: "dog/c.png", label: "dog" },
    ]);
  });

  test("is refused with the line that is wrong", () => {
    const read = (content: string) => () => readImageList(list(content), folder, ["cat"]);
    throwsDatasetWrong(read("cat/a.jpg cat\n"), /file<TAB>label, got "cat\/a.jpg cat" in line 1 of/);
    throwsDatasetWrong(
      read("cat/a.jpg\tcat\ncat/z.jpg\tcat\n"),
      /cat\/z.jpg, named in line 2 of .*, it is not there/,
    );
    throwsDatasetWrong(read("cat/a.jpg\tcow\n"), /got "cow"/);
    throwsDatasetWrong(read("# nothing\n"), /got none/);
  });
});
