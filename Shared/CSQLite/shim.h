// SQLite's header, and functions for what Swift cannot import of it: casts in macros and C
// variadic functions.
#ifndef ASSAY_CSQLITE_H
#define ASSAY_CSQLITE_H

#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast to a function pointer: SQLite makes its own copy of the bytes.
static inline int assay_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text,
                                          sqlite3_uint64 count) {
  return sqlite3_bind_text64(statement, index, text, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}
static inline int assay_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes,
                                          sqlite3_uint64 count) {
  return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

// Brings the database file of a connection to the disk, through the connection's own descriptor: to
// close one of our own would drop SQLite's locks on the file.
static inline int assay_sqlite3_sync_file(sqlite3 *database) {
  sqlite3_file *file = 0;
  int result = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (result != SQLITE_OK) return result;
  if (!file || !file->pMethods) return SQLITE_IOERR_FSYNC;
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

// Forbids what no service needs and a corrupted or hostile file could use: writes to the schema
// tables, extension loading; and double-quoted strings, which turn a misspelt column into text.
static inline int assay_sqlite3_harden(sqlite3 *database) {
  int result = sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
  if (result == SQLITE_OK)
    result = sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)0);
  if (result == SQLITE_OK)
    result = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
  if (result == SQLITE_OK)
    result = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
  return result;
}

#endif
