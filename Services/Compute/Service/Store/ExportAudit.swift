import API
import ComputeDomain

/// Replays exported entries, without a database.
public struct ExportAudit {
  private var chains = LedgerChains()

  public init() {}

  /// Takes the next entry; returns what is wrong with the first that does not fit.
  public mutating func check(_ message: ComputeLedgerEntry) -> AuditResult? {
    do throws(EntryDamage) {
      let entry = try Entry(message)
      do throws(LedgerMisfit) { try chains.check(entry, tenant: message.tenant) } catch {
        return .entry(tenant: error.tenant, error.sequence, error.reason)
      }
      return nil
    } catch {
      return .entry(tenant: message.tenant, message.sequence, error.description)
    }
  }

  /// What is there, if every entry was taken. Whether entries were cut off at the end only the
  /// digest tells, compared with one that was noted before.
  public var result: AuditResult { .sound(chains.summary) }
}
