// One file, because node --test may run files side by side, and these share a server.
"use strict";

require("./api");
require("./traffic");
