"""The descriptions of the API and of its events (OpenAPI, AsyncAPI), made from the code that they describe.

`bugalou openapi` and `bugalou asyncapi` print them; `make docs` writes them to where the console serves them from, and
a test holds those files to the code.
"""
