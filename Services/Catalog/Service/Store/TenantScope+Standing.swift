import API
import Identity

// What a caller is in the own tenant; what that gives on a use case is decided by its query.

extension TenantScope {
  /// May define and change use cases.
  var isManager: Bool { roles.contains(.owner) || roles.contains(.organiser) }

  /// Sees all of the own tenant's use cases.
  var isStaff: Bool { isManager || roles.contains(.viewer) || roles.contains(.billing) }

  /// The e-mail address in the form in which invites are stored.
  var address: String { email.lowercased() }

  /// Who the audit trail names.
  var actor: String { email.isEmpty ? user : address }
}
