/** An answer in one line: its status and its text, or Dapr's error code and message. */
export async function summary(response: Response): Promise<string> {
  const text = await response.text();
  const failed = failure(text);
  if (response.ok || failed === undefined) return `${response.status}${text === "" ? "" : `: ${text}`}`;
  return `${response.status} ${failed.errorCode}: ${failed.message}`;
}

function failure(text: string): { readonly errorCode: string; readonly message: string } | undefined {
  try {
    const { errorCode, message } = JSON.parse(text);
    return typeof errorCode === "string" ? { errorCode, message: String(message) } : undefined;
  } catch {
    return undefined;
  }
}

/** JSON with indentation, any other text as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
