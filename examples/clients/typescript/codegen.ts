import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  // In a project of your own: the file that `accountpulse schema export` prints, and your own operations.
  schema: "../../../src/accountpulse/graphql/schema.graphql",
  documents: "../../queries/*.graphql",
  importExtension: ".ts",
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: "string",
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { BigInt: "number", Date: "string", DateTime: "string", JSON: "unknown" },
      },
    },
  },
};

export default config;
