interface Marked {
  readonly tag: string;
  readonly rectangle: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
}

/** What was found in a picture, in its own pixels. */
export interface Found {
  readonly width: number;
  readonly height: number;
  readonly objects: readonly Marked[];
}

/** What an answer says was found; undefined where it is about something else. */
export function foundIn(text: string): Found | undefined {
  try {
    const { width, height, objects } = JSON.parse(text) as Partial<Found>;
    if (width === undefined || height === undefined || !Array.isArray(objects)) return undefined;
    return { width, height, objects };
  } catch {
    return undefined;
  }
}

/** A picture that was sent, with what was found in it marked. */
export function MarkedPicture({ address, found }: { readonly address: string; readonly found: Found }) {
  const { width, height, objects } = found;
  const text = Math.max(width, height) / 30;
  return (
    <svg class="marked" viewBox={`0 0 ${width} ${height}`} width={width} height={height} data-testid="marked">
      <title>What was found</title>
      <image href={address} width={width} height={height} />
      {objects.map(({ tag, rectangle: { x, y, width, height } }) => (
        <g key={`${tag} ${x} ${y}`}>
          <rect x={x} y={y} width={width} height={height} />
          <text x={x} y={y - text / 3} font-size={text}>
            {tag}
          </text>
        </g>
      ))}
    </svg>
  );
}
