import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Django's staticfiles find ../static; workflows/editor.py reads the manifest.
export default defineConfig({
  plugins: [react()],
  base: "./",
  build: {
    outDir: "../static/editor",
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: false,
    rollupOptions: { input: "src/main.tsx" },
  },
});
