import API
import ComputeBilling
import Identity
import RPC

extension ComputeCore {
  func setSeller(_ seller: Seller) async throws -> Seller {
    try await command { session in
      try seller.check()
      try PartyStore.save(session.tx, seller)
      return seller
    }
  }

  func seller() async throws -> Seller {
    guard let seller = try await read({ try PartyStore.seller($0) }) else {
      throw RPCError(.notFound, "no seller is set")
    }
    return seller
  }

  /// Sets how a tenant is billed from its next invoice on.
  func setBillingProfile(
    _ request: ComputeBillingProfile, _ call: CallIdentity
  ) async throws -> ComputeBillingProfile {
    let tenant = try namedTenant(request.tenant, call)
    guard let buyer = request.buyer else { throw RPCError.invalidField("buyer", "is missing") }
    try checkText(request.buyerReference, field: "buyer_reference")
    _ = try zones.zone(request.timeZone)
    let profile = BillingProfile(
      buyer: Party(buyer), reference: request.buyerReference, zone: request.timeZone)
    return try await command { session in
      try profile.buyer.check()
      try PartyStore.save(session.tx, tenant: tenant, profile)
      return ComputeBillingProfile(profile, tenant: tenant)
    }
  }

  func billingProfile(
    _ name: String, _ call: CallIdentity
  ) async throws -> ComputeBillingProfile {
    let tenant = try namedTenant(name, call)
    let profile = try await read { try PartyStore.profile($0, tenant: tenant) }
    guard let profile else { throw RPCError.notFound("billing profile of tenant", tenant) }
    return ComputeBillingProfile(profile, tenant: tenant)
  }

  func namedTenant(_ name: String, _ call: CallIdentity) throws -> String {
    guard let tenant = try tenant(name, call.scope) else {
      throw RPCError.invalidField("tenant", "name the tenant")
    }
    return tenant
  }
}
