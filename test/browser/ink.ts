import type { Page } from "playwright-core";

/** Pixels of a chart in a colour of a series, which grid and axes do not have, of each column of its canvas. */
export function inkOf(page: Page, widgetId: string): Promise<number[]> {
  return page.locator(`#${widgetId} canvas`).evaluate((element) => {
    const canvas = element as unknown as { width: number; height: number; getContext(kind: "2d"): Context };
    interface Context {
      getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
    }
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const ink = new Array<number>(width).fill(0);
    for (let at = 0; at < data.length; at += 4) {
      const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray(at, at + 4);
      const isInk = alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
      if (isInk) ink[(at / 4) % width] = (ink[(at / 4) % width] ?? 0) + 1;
    }
    return ink;
  });
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
