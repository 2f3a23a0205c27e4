import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { createSecureContext } from "node:tls";
import { reasonOf } from "../errors/reason-of.ts";
import type { Log } from "../platform.ts";

/** Paths of PEM files: the certificate with those that vouch for it, and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const lookEveryMs = 2_000;

/** Throws where a file cannot be read, or both are no pair; says which and why, and nothing of what is in them. */
export function readCertificate({ cert, key }: CertificateFiles): Certificate {
  const read = (name: string, path: string) => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new Error(`${name} ${path} cannot be read: ${reasonOf(error)}`);
    }
  };
  const pair = { cert: read("--tls-cert-file", cert), key: read("--tls-key-file", key) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new Error(`${cert} and ${key} are no certificate and its key (PEM): ${reasonOf(error)}`);
  }
  return pair;
}

/** Calls `changed` with each new pair, until it is closed; a broken one is named, and the one before stays. */
export function watchCertificate(
  files: CertificateFiles,
  log: Log,
  changed: (certificate: Certificate) => void,
): () => void {
  const look = () => {
    try {
      changed(readCertificate(files));
      log.info("the certificate was read again");
    } catch (error) {
      log.error("the certificate stays as it was", { cause: reasonOf(error) });
    }
  };
  for (const path of [files.cert, files.key]) {
    watchFile(path, { persistent: false, interval: lookEveryMs }, look);
  }
  return () => {
    for (const path of [files.cert, files.key]) unwatchFile(path, look);
  };
}
