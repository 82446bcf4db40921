//! From what a model wrote to the JSON value that it meant. Knows the schema, and no provider and
//! no network.
