/**
 * A JSON schema as a list of fields, and back.
 *
 * Owns which schemas that can be: an object whose fields are texts, numbers, yes or no, one of some texts, or lists of
 * texts. Any other schema is null here and stays as it was written.
 */

export type FieldKind = 'string' | 'integer' | 'number' | 'boolean' | 'enum' | 'list';

export interface SchemaField {
  name: string;
  kind: FieldKind;
  required: boolean;
  description: string;
  /** Of the kind `enum`, as written: lines. */
  choices: readonly string[];
}

export const KINDS: readonly (readonly [FieldKind, string])[] = [
  ['string', 'Text'],
  ['integer', 'Whole number'],
  ['number', 'Number'],
  ['boolean', 'Yes or no'],
  ['enum', 'One of these'],
  ['list', 'List of texts'],
];
export const NEW_FIELD: SchemaField = { name: '', kind: 'string', required: true, description: '', choices: [] };

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** The choices as they count: lines with something on them, each once. */
const chosen = ({ choices }: SchemaField): string[] => [...new Set(choices.map((choice) => choice.trim()).filter(Boolean))];

/** What stands in the way of a schema of these fields; null if nothing does. */
export function problemOf(fields: readonly SchemaField[]): string | null {
  const names = fields.map(({ name }) => name.trim());
  if (names.length === 0) return 'Add a field.';
  if (names.includes('')) return 'Every field needs a name.';
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `Two fields are named “${twice}”.`;
  const empty = fields.find((field) => field.kind === 'enum' && chosen(field).length === 0);
  return empty ? `“${empty.name.trim()}” needs something to choose from.` : null;
}

export function schemaOf(fields: readonly SchemaField[]): string {
  const properties = Object.fromEntries(fields.map((field) => [field.name.trim(), propertyOf(field)]));
  const required = fields.filter((field) => field.required).map(({ name }) => name.trim());
  return JSON.stringify({ type: 'object', properties, required, additionalProperties: false }, null, 2);
}

function propertyOf(field: SchemaField): Json {
  const { kind, description } = field;
  const told = description.trim() ? { description: description.trim() } : {};
  if (kind === 'enum') return { enum: chosen(field), ...told };
  if (kind === 'list') return { type: 'array', items: { type: 'string' }, ...told };
  return { type: kind, ...told };
}

/** The fields of a schema; null where it says more than fields can. */
export function fieldsOf(text: string): SchemaField[] | null {
  if (!text.trim()) return [];
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(schema)) return null;
  const { type, properties, required = [], additionalProperties = false, ...more } = schema;
  if (type !== 'object' || !isObject(properties) || !isTexts(required) || typeof additionalProperties !== 'boolean') return null;
  if (Object.keys(more).length > 0 || required.some((name) => !(name in properties))) return null;
  const fields = Object.entries(properties).map(([name, property]) => fieldOf(name, property, required.includes(name)));
  return fields.includes(null) ? null : (fields as SchemaField[]);
}

function fieldOf(name: string, property: unknown, required: boolean): SchemaField | null {
  if (!isObject(property)) return null;
  const { type, enum: choices, items, description = '', ...more } = property;
  if (typeof description !== 'string' || Object.keys(more).length > 0) return null;
  const field = { name, required, description, choices: [] };
  if (isTexts(choices) && (type === undefined || type === 'string') && items === undefined) return { ...field, kind: 'enum', choices };
  if (choices !== undefined) return null;
  if (type === 'array') return JSON.stringify(items) === '{"type":"string"}' ? { ...field, kind: 'list' } : null;
  const simple = KINDS.find(([kind]) => kind === type && items === undefined);
  return simple ? { ...field, kind: simple[0] } : null;
}
