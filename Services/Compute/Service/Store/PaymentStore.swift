import ComputeDomain
import Storage

/// What was said of payments: once that an invoice was paid, and after that what holds instead.
enum PaymentStore {
  /// Says that an invoice was paid on a day, or that it was not, for a reason.
  static func save(
    _ tx: Transaction, number: String, paid day: UTCDay?, reason: String, by user: String,
    at now: Int64
  ) throws {
    let isKnown = try tx.exists("SELECT 1 FROM invoice_payments WHERE number = ?1", number)
    if let day, !isKnown {
      try tx.execute(
        """
        INSERT INTO invoice_payments (number, paid_day, set_by, set_time) VALUES (?1, ?2, ?3, ?4)
        """, number, day.number, user, now)
      return try SealStore.seal(tx, .payments, key: number)
    }
    let id = try NumberedTable.paymentCorrections.nextID(tx)
    try tx.execute(
      """
      INSERT INTO payment_corrections (id, number, paid_day, reason, set_by, set_time)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      """, id, number, day?.number, reason, user, now)
    try SealStore.seal(tx, .paymentCorrections, key: String(id))
  }
}
