import ComputeDomain

extension Invoice {
  /// The invoice as UBL 2.1 with the meaning of EN 16931; a credit note as UBL's CreditNote.
  public var ubl: String {
    let root = isCreditNote ? "CreditNote" : "Invoice"
    let namespace = "urn:oasis:names:specification:ubl:schema:xsd:"
    var xml = Markup("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    xml.element(
      root,
      [
        "xmlns": namespace + root + "-2", "xmlns:cac": namespace + "CommonAggregateComponents-2",
        "xmlns:cbc": namespace + "CommonBasicComponents-2",
      ]
    ) { xml in
      header(&xml)
      xml.element("cac:AccountingSupplierParty") { party(&$0, content.seller.party) }
      xml.element("cac:AccountingCustomerParty") { party(&$0, content.buyer) }
      payment(&xml)
      totals(&xml)
      for (index, line) in content.lines.enumerated() { self.line(&xml, index + 1, line) }
    }
    return xml.text
  }

  private func header(_ xml: inout Markup) {
    xml.leaf("cbc:CustomizationID", "urn:cen.eu:en16931:2017")
    xml.leaf("cbc:ID", number)
    xml.leaf("cbc:IssueDate", issued.text)
    if !isCreditNote { xml.leaf("cbc:DueDate", due.text) }
    // UNCL 1001.
    xml.leaf(
      isCreditNote ? "cbc:CreditNoteTypeCode" : "cbc:InvoiceTypeCode", isCreditNote ? "381" : "380")
    xml.leaf("cbc:Note", correctionText)
    xml.leaf("cbc:DocumentCurrencyCode", "EUR")
    xml.leaf("cbc:BuyerReference", content.buyerReference)
    xml.element("cac:InvoicePeriod") { xml in
      xml.leaf("cbc:StartDate", period.first.text)
      xml.leaf("cbc:EndDate", period.last.text)
    }
    guard !content.corrects.isEmpty else { return }
    xml.element("cac:BillingReference") { xml in
      xml.element("cac:InvoiceDocumentReference") { $0.leaf("cbc:ID", content.corrects) }
    }
  }

  private func party(_ xml: inout Markup, _ party: Party) {
    let vatID = content.vatID(of: party)
    xml.element("cac:Party") { xml in
      xml.leaf("cbc:EndpointID", ["schemeID": "EM"], party.email)
      xml.element("cac:PartyName") { $0.leaf("cbc:Name", party.name) }
      xml.element("cac:PostalAddress") { xml in
        xml.leaf("cbc:StreetName", party.street)
        xml.leaf("cbc:CityName", party.city)
        xml.leaf("cbc:PostalZone", party.postalCode)
        xml.element("cac:Country") { $0.leaf("cbc:IdentificationCode", party.country) }
      }
      if !vatID.isEmpty {
        xml.element("cac:PartyTaxScheme") { xml in
          xml.leaf("cbc:CompanyID", vatID)
          taxScheme(&xml)
        }
      }
      xml.element("cac:PartyLegalEntity") { xml in
        xml.leaf("cbc:RegistrationName", party.name)
        xml.leaf("cbc:CompanyID", party.registration)
      }
    }
  }

  private func payment(_ xml: inout Markup) {
    if !isCreditNote, !content.seller.iban.isEmpty {
      xml.element("cac:PaymentMeans") { xml in
        // UNCL 4461: a SEPA credit transfer.
        xml.leaf("cbc:PaymentMeansCode", "58")
        xml.leaf("cbc:PaymentID", number)
        xml.element("cac:PayeeFinancialAccount") { $0.leaf("cbc:ID", content.seller.iban) }
      }
    }
    xml.element("cac:PaymentTerms") { $0.leaf("cbc:Note", paymentText) }
  }

  private func totals(_ xml: inout Markup) {
    xml.element("cac:TaxTotal") { xml in
      amount(&xml, "cbc:TaxAmount", content.tax)
      for subtotal in content.breakdown {
        xml.element("cac:TaxSubtotal") { xml in
          amount(&xml, "cbc:TaxableAmount", subtotal.net)
          amount(&xml, "cbc:TaxAmount", subtotal.tax)
          taxCategory(&xml, "cac:TaxCategory", subtotal.vat, withReason: true)
        }
      }
    }
    xml.element("cac:LegalMonetaryTotal") { xml in
      amount(&xml, "cbc:LineExtensionAmount", content.net)
      amount(&xml, "cbc:TaxExclusiveAmount", content.net)
      amount(&xml, "cbc:TaxInclusiveAmount", content.total)
      amount(&xml, "cbc:PayableAmount", content.total)
    }
  }

  private func line(_ xml: inout Markup, _ index: Int, _ line: InvoiceLine) {
    xml.element(isCreditNote ? "cac:CreditNoteLine" : "cac:InvoiceLine") { xml in
      xml.leaf("cbc:ID", String(index))
      if let month = content.lateMonth(line) {
        xml.leaf("cbc:Note", "Usage of \(month.text) that was reported late")
      }
      // UN/ECE recommendation 20 has no unit of operations: C62 is "one".
      xml.leaf(
        isCreditNote ? "cbc:CreditedQuantity" : "cbc:InvoicedQuantity", ["unitCode": "C62"],
        line.quantity.pflopText)
      amount(&xml, "cbc:LineExtensionAmount", line.net)
      xml.element("cac:InvoicePeriod") { xml in
        xml.leaf("cbc:StartDate", line.month.firstDay.text)
        xml.leaf("cbc:EndDate", line.month.lastDay.text)
      }
      xml.element("cac:Item") { xml in
        xml.leaf("cbc:Description", "PFLOP (10^15 operations), price \(line.priceVersion)")
        xml.leaf("cbc:Name", line.usage.title)
        taxCategory(&xml, "cac:ClassifiedTaxCategory", line.vat, withReason: false)
      }
      xml.element("cac:Price") { xml in
        xml.leaf("cbc:PriceAmount", ["currencyID": "EUR"], line.usage.pricePerPFLOP)
        xml.leaf("cbc:BaseQuantity", ["unitCode": "C62"], "1")
      }
    }
  }

  private func taxCategory(
    _ xml: inout Markup, _ name: String, _ vat: VATTreatment, withReason: Bool
  ) {
    xml.element(name) { xml in
      xml.leaf("cbc:ID", vat.category.rawValue)
      if vat.category != .outOfScope { xml.leaf("cbc:Percent", vat.percentText) }
      if withReason {
        xml.leaf("cbc:TaxExemptionReasonCode", vat.reasonCode)
        xml.leaf("cbc:TaxExemptionReason", vat.reason)
      }
      taxScheme(&xml)
    }
  }

  private func taxScheme(_ xml: inout Markup) {
    xml.element("cac:TaxScheme") { $0.leaf("cbc:ID", "VAT") }
  }

  private func amount(_ xml: inout Markup, _ name: String, _ amount: Cents) {
    xml.leaf(name, ["currencyID": "EUR"], amount.euroText)
  }
}
