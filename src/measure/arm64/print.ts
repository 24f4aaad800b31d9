import { bar } from "../profile/print.ts";
import type { SpeedscopeFile } from "../profile/speedscope.ts";
import { type Grid, percentText } from "../tables.ts";
import { type Counted, type CountReport, type HotBlock, stagesOf } from "./count-report.ts";
import type { Mix } from "./instructions.ts";

/** Of one picture or run, in millions. */
function millions(instructions: number): string {
  return (instructions / 1e6).toFixed(2);
}

/** The report as text; with an earlier one of the same kind, both side by side. */
export function countText(
  report: CountReport,
  before: CountReport | undefined,
  top: number,
  render: (grid: Grid) => string,
): string {
  const { all, blocks } = report;
  const parts = [headLine(report)];
  if (before !== undefined) parts.push(`before: ${headLine(before)}`);
  const table = (head: string, list: readonly Counted[], old: readonly Counted[] | undefined): void => {
    parts.push(render(countedGrid(head, list, old, all, top)));
  };
  if (report.counted === "function") parts.push(render(stageGrid(report, before)));
  table("part", report.components, before?.components);
  table("shared object", report.objects, before?.objects);
  table("function", report.functions, before?.functions);
  if (blocks.length > 0) {
    const title = `block of ${blocks[0]?.component}`;
    parts.push(render(countedGrid(title, blocks.map(named), before?.blocks.map(named), all, top)));
  }
  return parts.join("\n\n");
}

function headLine({ cpu, counted, model, units, all, commit, date }: CountReport): string {
  const of = counted === "function" ? "a picture of the deployed function" : "a run of the model alone";
  const from = commit === undefined ? date : `commit ${commit}, ${date}`;
  return `${millions(all.all)} M instructions, ${of}: ${model}, ${cpu}, mean of ${units}; ${from}`;
}

function stageGrid(report: CountReport, before: CountReport | undefined): Grid {
  const old = new Map(before && stagesOf(before));
  return {
    head: [
      "stage, by the code that runs",
      "M instructions",
      ...beforeHead(before !== undefined),
      "share",
      "",
    ],
    rows: stagesOf(report).map(([stage, instructions]) => [
      stage,
      millions(instructions),
      ...(before === undefined ? [] : change(instructions, old.get(stage))),
      percentText(instructions / report.all.all),
      bar(instructions / report.all.all),
    ]),
  };
}

function countedGrid(
  title: string,
  list: readonly Counted[],
  before: readonly Counted[] | undefined,
  all: Mix,
  top: number,
): Grid {
  const old = before && new Map(before.map((each) => [keyOf(each), each.all]));
  const shown = list.slice(0, top);
  return {
    head: [title, "M instructions", ...beforeHead(old !== undefined), "share", "", ...KINDS],
    rows: shown.map((each) => [
      each.name.length <= 64 ? each.name : `${each.name.slice(0, 63)}…`,
      millions(each.all),
      ...(old === undefined ? [] : change(each.all, old.get(keyOf(each)))),
      percentText(each.all / all.all),
      bar(each.all / all.all, (shown[0]?.all ?? 1) / all.all),
      percentText((each.dot + each.matrix) / each.all),
      percentText(each.simd / each.all),
      percentText(each.memory / each.all),
    ]),
  };
}

/** Shares of a row's own instructions. */
const KINDS = ["dot, mmla", "SIMD", "memory"];

function beforeHead(compares: boolean): string[] {
  return compares ? ["before", "change"] : [];
}

function change(now: number, before: number | undefined): string[] {
  if (before === undefined) return ["", ""];
  const difference = now - before;
  return [millions(before), `${difference < 0 ? "−" : "+"}${millions(Math.abs(difference))}`];
}

function keyOf({ component, object, name }: Counted): string {
  return `${component} ${object} ${name}`;
}

function named(block: HotBlock): HotBlock {
  const place = `${block.object}+0x${block.offset.toString(16)}`;
  return { ...block, name: `${place} (${block.length})` };
}

/** Part → object → function as a flame graph whose widths are instructions. */
export function countFlameGraph({ functions, cpu, model }: CountReport): SpeedscopeFile {
  const frames: { name: string; file: string }[] = [];
  const indexes = new Map<string, number>();
  const frame = (name: string, file: string): number => {
    const id = `${file} ${name}`;
    const index = indexes.get(id) ?? frames.push({ name, file }) - 1;
    indexes.set(id, index);
    return index;
  };
  const weights = functions.map(({ all }) => Math.round(all));
  return {
    $schema: "https://www.speedscope.app/file-format-schema.json",
    name: `${model} on ${cpu}`,
    exporter: "graviton-image-classifier",
    shared: { frames },
    profiles: [
      {
        type: "sampled",
        name: "instructions of one picture",
        unit: "none",
        startValue: 0,
        endValue: weights.reduce((sum, weight) => sum + weight, 0),
        samples: functions.map(({ component, object, name }) => [
          frame(component, component),
          frame(object, component),
          frame(name, object),
        ]),
        weights,
      },
    ],
  };
}
