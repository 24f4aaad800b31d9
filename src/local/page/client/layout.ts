/** Where rows or tiles stand, in CSS pixels. */
export interface Layout {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
}

/** Also in styles/rows.css and styles/gallery.css. */
const ROW_HEIGHT = 64;
const TILE_HEIGHT = 172;
const TILE_WIDTH = 136;

/** How far a key moves: a row or a tile, a page, or to an end; `undefined` for other keys. */
export function stepOf(key: string, { columns, height }: Layout, visibleHeight: number): number | undefined {
  const page = columns * Math.max(1, Math.floor(visibleHeight / height) - 1);
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: columns,
    ArrowUp: -columns,
    ...(columns > 1 && { ArrowRight: 1, ArrowLeft: -1 }),
    PageDown: page,
    PageUp: -page,
    Home: Number.NEGATIVE_INFINITY,
    End: Number.POSITIVE_INFINITY,
  };
  return steps[key];
}

export function layoutOf(isGallery: boolean, width: number): Layout {
  if (!isGallery) return { columns: 1, width, height: ROW_HEIGHT };
  const columns = Math.max(2, Math.floor(width / TILE_WIDTH));
  return { columns, width: Math.floor(width / columns), height: TILE_HEIGHT };
}

export function heightOf({ columns, height }: Layout, rows: number): number {
  return Math.ceil(rows / columns) * height;
}
