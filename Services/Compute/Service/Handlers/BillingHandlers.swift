import API
import ComputeBilling
import ComputeDomain
import Identity
import RPC

/// `assay.compute.v1.Billing`.
struct BillingHandler: ComputeBillingService {
  let core: ComputeCore

  func quote(
    _ request: ComputeQuoteRequest, context: ServerContext
  ) async throws -> ComputeQuoteResponse {
    try await core.quote(request, context.identity())
  }

  func getBillingReport(
    _ request: ComputeGetBillingReportRequest, context: ServerContext
  ) async throws -> ComputeGetBillingReportResponse {
    try await core.billingReport(request, context.identity())
  }
}

/// `assay.compute.v1.Prices`.
struct PricesHandler: ComputePricesService {
  let core: ComputeCore

  func setPrice(
    _ request: ComputeSetPriceRequest, context: ServerContext
  ) async throws -> ComputePrice {
    try await core.setPrice(request, context.identity())
  }

  func listPrices(
    _ request: ComputeListPricesRequest, context: ServerContext
  ) async throws -> ComputeListPricesResponse {
    try await core.listPrices(request, context.identity())
  }
}

/// `assay.compute.v1.Invoices`.
struct InvoicesHandler: ComputeInvoicesService {
  let core: ComputeCore

  func setSeller(
    _ request: ComputeSeller, context: ServerContext
  ) async throws -> ComputeSeller {
    let seller = try Seller(request)
    return ComputeSeller(try await core.setSeller(seller, context.identity()))
  }

  func getSeller(
    _ request: ComputeGetSellerRequest, context: ServerContext
  ) async throws -> ComputeSeller {
    ComputeSeller(try await core.seller())
  }

  func setBillingProfile(
    _ request: ComputeBillingProfile, context: ServerContext
  ) async throws -> ComputeBillingProfile {
    try await core.setBillingProfile(request, context.identity())
  }

  func getBillingProfile(
    _ request: ComputeGetBillingProfileRequest, context: ServerContext
  ) async throws -> ComputeBillingProfile {
    try await core.billingProfile(request.tenant, context.identity())
  }

  func confirmBuyer(
    _ request: ComputeConfirmBuyerRequest, context: ServerContext
  ) async throws -> ComputeBillingProfile {
    try await core.confirmBuyer(request, context.identity())
  }

  func draftInvoice(
    _ request: ComputeDraftInvoiceRequest, context: ServerContext
  ) async throws -> ComputeInvoice {
    try await core.draftInvoice(request, context.identity())
  }

  func issueInvoice(
    _ request: ComputeIssueInvoiceRequest, context: ServerContext
  ) async throws -> ComputeInvoice {
    try await core.issueInvoice(request)
  }

  func creditInvoice(
    _ request: ComputeCreditInvoiceRequest, context: ServerContext
  ) async throws -> ComputeCreditInvoiceResponse {
    try await core.creditInvoice(request)
  }

  func setInvoicePaid(
    _ request: ComputeSetInvoicePaidRequest, context: ServerContext
  ) async throws -> ComputeInvoice {
    try await core.setInvoicePaid(request, context.identity())
  }

  func getInvoice(
    _ request: ComputeGetInvoiceRequest, context: ServerContext
  ) async throws -> ComputeInvoice {
    let record = try await core.invoice(request.number, context.identity())
    return ComputeInvoice(record, today: UTCDay(containing: core.clock.now()))
  }

  func listInvoices(
    _ request: ComputeListInvoicesRequest, context: ServerContext
  ) async throws -> ComputeListInvoicesResponse {
    try await core.listInvoices(request, context.identity())
  }

  func renderInvoice(
    _ request: ComputeRenderInvoiceRequest, context: ServerContext
  ) async throws -> ComputeRenderInvoiceResponse {
    let invoice = try await core.invoice(request.number, context.identity()).invoice
    switch request.format {
    case .html:
      return ComputeRenderInvoiceResponse(content: invoice.html, mediaType: "text/html")
    case .ubl:
      return ComputeRenderInvoiceResponse(content: invoice.ubl, mediaType: "application/xml")
    default: throw RPCError.invalidField("format", "HTML or UBL")
    }
  }
}
