// A JSON schema as fields and back.
import { expect, test } from 'vitest';
import { fieldsOf, NEW_FIELD, problemOf, schemaOf, type SchemaField } from '../../../web/schema_form';

const FIELDS: SchemaField[] = [
  { name: 'color', kind: 'enum', required: true, description: 'What it looks like', choices: ['red', 'blue'] },
  { name: 'count', kind: 'integer', required: true, description: '', choices: [] },
  { name: 'size', kind: 'number', required: false, description: '', choices: [] },
  { name: 'broken', kind: 'boolean', required: false, description: '', choices: [] },
  { name: 'note', kind: 'string', required: false, description: '', choices: [] },
  { name: 'tags', kind: 'list', required: true, description: '', choices: [] },
];

test('a schema of fields comes back as these fields', () => {
  expect(fieldsOf(schemaOf(FIELDS))).toEqual(FIELDS);
  expect(fieldsOf('')).toEqual([]);
});

test('the schema closes its object and names what is required', () => {
  const schema = JSON.parse(schemaOf(FIELDS));
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false, required: ['color', 'count', 'tags'] });
  expect(schema.properties.color).toEqual({ enum: ['red', 'blue'], description: 'What it looks like' });
});

test.each([
  'nonsense',
  '[]',
  '{"type": "array", "items": {"type": "string"}}',
  '{"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}',
  '{"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}',
  '{"type": "object", "properties": {"a": {"enum": [1, 2]}}}',
  '{"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}',
  '{"type": "object", "properties": {}, "required": ["a"]}',
])('a schema that says more than fields is left alone: %s', (schema) => {
  expect(fieldsOf(schema)).toBeNull();
});

test('what is missing is said', () => {
  expect(problemOf(FIELDS)).toBeNull();
  expect(problemOf([])).toBe('Add a field.');
  expect(problemOf([NEW_FIELD])).toBe('Every field needs a name.');
  expect(problemOf([{ ...NEW_FIELD, name: 'a' }, { ...NEW_FIELD, name: ' a ' }])).toBe('Two fields are named “a”.');
  expect(problemOf([{ ...NEW_FIELD, name: 'a', kind: 'enum' }])).toBe('“a” needs something to choose from.');
});
