// A straightforward ledger over SQLite, one thread: what a good C programmer writes in an afternoon.
//
// A transfer is a row with a unique 16-byte idempotency key, two entries and two balances, committed
// with synchronous=FULL: each by itself, or so many in one transaction.
//
//   transfer FILE BATCH SECONDS
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ACCOUNTS = 10000, START_BALANCE = 1000000 };

static sqlite3 *database;

static void fail(const char *what) {
  fprintf(stderr, "transfer: %s: %s\n", what, database ? sqlite3_errmsg(database) : "");
  exit(1);
}

static void run(const char *sql) {
  if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sql);
}

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
      SQLITE_OK)
    fail(sql);
  return statement;
}

static void step(sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) fail("step");
  sqlite3_reset(statement);
}

static uint64_t state = 88172645463325252ull;
static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static sqlite3_int64 number(const char *sql) {
  sqlite3_stmt *statement = prepare(sql);
  if (sqlite3_step(statement) != SQLITE_ROW) fail(sql);
  sqlite3_int64 value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

int main(int count, char **words) {
  if (count != 4) {
    fprintf(stderr, "usage: transfer FILE BATCH SECONDS\n");
    return 2;
  }
  int batch = atoi(words[2]);
  double seconds = atof(words[3]);
  if (sqlite3_open(words[1], &database) != SQLITE_OK) fail("open");
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  run("CREATE TABLE transfers (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE,"
      " debit INTEGER NOT NULL, credit INTEGER NOT NULL, amount INTEGER NOT NULL,"
      " time INTEGER NOT NULL);"
      "CREATE TABLE entries (id INTEGER PRIMARY KEY, transfer INTEGER NOT NULL,"
      " account INTEGER NOT NULL, amount INTEGER NOT NULL);"
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY,"
      " balance INTEGER NOT NULL CHECK (balance >= 0));"
      "BEGIN;");
  sqlite3_stmt *account = prepare("INSERT INTO accounts (id, balance) VALUES (?1, ?2)");
  for (int id = 0; id < ACCOUNTS; id++) {
    sqlite3_bind_int(account, 1, id);
    sqlite3_bind_int(account, 2, START_BALANCE);
    step(account);
  }
  run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);");

  sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
  sqlite3_stmt *transfer = prepare(
      "INSERT INTO transfers (key, debit, credit, amount, time) VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (key) DO NOTHING");
  sqlite3_stmt *entry =
      prepare("INSERT INTO entries (transfer, account, amount) VALUES (?1, ?2, ?3)");
  sqlite3_stmt *balance = prepare("UPDATE accounts SET balance = balance + ?2 WHERE id = ?1");
  static double commits[1 << 20];
  int committed = 0;
  long transfers = 0;
  // A warm-up of half a second is not counted.
  double start = now() + 0.5;
  int is_measured = 0;
  for (;;) {
    double began = now();
    if (!is_measured && began >= start) {
      is_measured = 1;
      transfers = 0;
      committed = 0;
      start = began;
    }
    if (is_measured && began >= start + seconds) break;
    step(begin);
    for (int index = 0; index < batch; index++) {
      uint64_t key[2] = {next_random(), next_random()};
      int debit = (int)(next_random() % ACCOUNTS), credit = (int)(next_random() % ACCOUNTS);
      sqlite3_bind_blob(transfer, 1, key, sizeof key, SQLITE_STATIC);
      sqlite3_bind_int(transfer, 2, debit);
      sqlite3_bind_int(transfer, 3, credit);
      sqlite3_bind_int(transfer, 4, 1);
      sqlite3_bind_int64(transfer, 5, (sqlite3_int64)(began * 1000));
      step(transfer);
      if (sqlite3_changes(database) == 0) continue;
      sqlite3_int64 id = sqlite3_last_insert_rowid(database);
      for (int side = 0; side < 2; side++) {
        sqlite3_bind_int64(entry, 1, id);
        sqlite3_bind_int(entry, 2, side ? credit : debit);
        sqlite3_bind_int(entry, 3, side ? 1 : -1);
        step(entry);
        sqlite3_bind_int(balance, 1, side ? credit : debit);
        sqlite3_bind_int(balance, 2, side ? 1 : -1);
        step(balance);
      }
      transfers++;
    }
    step(commit);
    if (committed < (1 << 20)) commits[committed++] = now() - began;
  }
  double elapsed = now() - start;
  qsort(commits, (size_t)committed, sizeof commits[0], compare);
  if (number("SELECT sum(amount) FROM entries") != 0) fail("the entries do not sum to zero");
  if (number("SELECT sum(balance) FROM accounts") != (sqlite3_int64)ACCOUNTS * START_BALANCE)
    fail("the balances do not sum to what there was");
  printf("{\"peer\": \"sqlite-%d\", \"calls\": %ld, \"calls_per_second\": %.1f,"
         " \"commits_per_second\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
         batch, transfers, (double)transfers / elapsed, committed / elapsed,
         committed ? commits[committed / 2] * 1e6 : 0,
         committed ? commits[committed * 99 / 100] * 1e6 : 0);
  return 0;
}
