"use strict";

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  // Its default sends the address of the description to a server on the internet.
  validatorUrl: null,
});
