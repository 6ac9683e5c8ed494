/** The examples of the Python view: each file of web/examples, its first line being its title. Does not run them. */

export interface Example {
  name: string;
  title: string;
  code: string;
}

const files = import.meta.glob<string>('./examples/*.py', { query: '?raw', import: 'default', eager: true });

export const EXAMPLES: readonly Example[] = Object.entries(files)
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([path, code]) => ({
    name: path.replace(/^.*\/|\.py$/g, ''),
    title: code.slice(0, code.indexOf('\n')).replace(/^#\s*/, ''),
    code,
  }));
