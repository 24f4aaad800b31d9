import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DEFAULT_MODEL } from "../../../src/models/folder.ts";
import type { Report } from "../../../src/models/teach/report.ts";
import { images, KINDS, models, report, root, TAUGHT, teach, unseen } from "./harness.ts";
import { drawFolder, drawPicture } from "./pictures.ts";

describe("model teach", () => {
  test("a folder _other chooses the threshold, and is no label", async () => {
    const folder = join(root, "with-other");
    cpSync(images, folder, { recursive: true });
    await drawFolder(join(root, "others"), ["noise"], 8);
    renameSync(join(root, "others/noise"), join(folder, "_other"));
    const { estimate, unknown } = await report("with-other", "--images", folder);
    assert.deepEqual(
      estimate.classes.map(({ label }) => label),
      KINDS,
    );
    assert.equal(unknown.otherShare, 1);
  });

  test("sources are left out whole: what only one of them shows does not count as learnt", async () => {
    const folder = join(root, "sources");
    for (const kind of ["bars", "dots"] as const) {
      for (let index = 0; index < 12; index++)
        await drawPicture(join(folder, kind, `shop${index % 4}`, `${index}.jpg`), kind, index);
    }
    const { estimate } = await report("sources", "--images", folder);
    assert.equal(estimate.leftOut, "source");
    assert.equal(estimate.groupCount, 4);
  });

  test("corrections in a later folder replace what they correct", async () => {
    const folder = join(root, "uncorrected");
    cpSync(images, folder, { recursive: true });
    cpSync(join(unseen, "rings/101.jpg"), join(folder, "bars/101.jpg"));
    const corrections = join(root, "corrections/images");
    mkdirSync(join(corrections, "rings"), { recursive: true });
    cpSync(join(unseen, "rings/101.jpg"), join(corrections, "rings/upload.jpg"));
    const countOf = ({ estimate }: Report, label: string) =>
      estimate.classes.find((entry) => entry.label === label)?.count;
    const before = await report("corrected", "--images", folder);
    assert.deepEqual([countOf(before, "bars"), countOf(before, "rings")], [TAUGHT + 1, TAUGHT]);
    const after = await report("corrected", "--force", "--images", folder, corrections);
    assert.deepEqual([countOf(after, "bars"), countOf(after, "rings")], [TAUGHT, TAUGHT + 1]);
    writeFileSync(
      join(root, "list.tsv"),
      [
        "file\tlabel",
        ...KINDS.slice(0, 2).flatMap((kind) => [0, 1, 2, 3, 4].map((n) => `${kind}/${n}.jpg\t${kind}`)),
      ].join("\n"),
    );
    const listed = await report("listed", "--images", images, "--list", join(root, "list.tsv"));
    assert.equal(listed.estimate.accuracy.count, 10);
    assert.match(listed.warnings.join("\n"), /fewer than 10 images of bars \(5\), dots \(5\)/);
  });

  test("tries every model that is here, and passes by those that were taught", async () => {
    cpSync(join(models, DEFAULT_MODEL), join(models, "second"), { recursive: true });
    mkdirSync(join(models, "broken"));
    writeFileSync(join(models, "broken/config.json"), "{}");
    const { backbones } = await report("best", "--images", images);
    assert.deepEqual(
      backbones.map(({ name }) => name),
      ["broken", "second", DEFAULT_MODEL],
    );
    assert.ok("problem" in (backbones[0] ?? {}));
    rmSync(join(models, "second"), { recursive: true });
    rmSync(join(models, "broken"), { recursive: true });
  });

  test("what cannot be taught is refused, and says what is missing", async () => {
    const few = join(root, "few");
    await drawFolder(few, ["bars"], 6);
    await drawFolder(few, ["dots"], 4);
    const one = join(root, "one");
    await drawFolder(one, ["bars"], 6);
    for (const [args, status, message] of [
      [["few", "--images", few], 11, /expected at least 5 images of each label, got fewer of dots \(4\)/],
      [["one", "--images", one], 11, /expected at least two labels.*got bars/],
      [["none", "--images", join(root, "absent")], 11, /cannot list the pictures/],
      [["with-other", "--images", images], 6, /--force/],
      [["../up", "--images", images], 2, /expected a name of letters/],
      [
        ["again", "--images", images, "--backbone", "with-other"],
        4,
        /was taught itself.*--backbone upload-triage/,
      ],
      [["again", "--images", images, "--backbone", "absent"], 10, /model folder/],
      [
        ["new", "--images", images, "--models", join(root, "absent")],
        10,
        /there is none: `npm run model -- pull mobilenet-v2` gets one/,
      ],
    ] as const) {
      const [name, ...rest] = args;
      const ended = await teach(name, ...rest);
      assert.equal(ended.status, status, ended.stderr);
      assert.match(ended.stderr, message);
      assert.equal(existsSync(join(models, "few")), false);
    }
  });
});
