-- What is in the table is needed for seconds only. A schema that somebody else uses as well stays.
DROP TABLE IF EXISTS socket_io.attachments;
DROP SCHEMA IF EXISTS socket_io;
