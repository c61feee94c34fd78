-- What is in the table is needed for seconds only.
DROP TABLE IF EXISTS socket_io.attachments;

-- A schema that somebody else uses as well stays.
DO $$
BEGIN
  DROP SCHEMA IF EXISTS socket_io;
EXCEPTION
  WHEN dependent_objects_still_exist THEN NULL;
END
$$;
