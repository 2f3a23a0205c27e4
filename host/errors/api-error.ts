export function apiError(_c: string, _p: unknown): never { throw new Error("pending"); }
