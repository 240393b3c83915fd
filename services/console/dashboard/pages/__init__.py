"""The pages, one module for each, beside its template and its wording."""
