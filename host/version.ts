/** The package's version, as `/v1.0/metadata` and `daprlet --version` show it; a test holds it to package.json. */
export const version = "0.1.0";
