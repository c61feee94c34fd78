-- What is in the table is needed for seconds only.
DROP TABLE IF EXISTS socket_io_attachments;
