"""The rule language: text folding, terms and inflection, query, engine, catalog, examples, evaluation."""
