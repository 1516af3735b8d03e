/**
 * The kinds of personal data that carry digits, one row each. A row is tried only where a run of digits and letters of the right
 * length begins, so that a text without digits costs nothing.
 */
import type { Severity } from '../../domain/finding.ts'
import * as format from './formats.ts'
import * as id from './national-ids.ts'
import { luhn } from './checksums.ts'
import { isInternational } from './phone.ts'

/** Where a value may begin: a run of digits, or of digits and letters, a sign before it, the word before it, a run in hex groups. */
export type Lead = 'digits' | 'mixed' | 'plus' | 'paren' | 'word' | 'hex'

export type PiiKind = {
  /** `pii.<id>` is the rule. */
  readonly id: string
  readonly tag: string
  readonly severity: Severity
  /** Confidence where no context word stands before it; null: without one it is none. */
  readonly alone: number | null
  /** Confidence after a context word. */
  readonly inContext: number
  readonly context: RegExp | null
  /** Lengths of the first run, by how it begins: `[3, 3]`. */
  readonly leads: { readonly [lead in Lead]?: readonly [min: number, max: number] }
  /** Sticky; bounded in length. */
  readonly pattern: RegExp
  /** Of the value without separators, in upper case. */
  readonly isValid: ((value: string) => boolean) | null
  /** `isValid` is asked of the value as it stands. */
  readonly isRaw?: true
  /** Groups of the next number may have come along: where it is not valid, the last group is taken off and it is asked again. */
  readonly isTrimmed?: true
  /** After a context word this is asked instead, where it is there. */
  readonly isValidInContext?: (value: string) => boolean
}

/** Not in the middle of a longer word, number, decimal or UUID. */
const LETTERS = 'A-Za-z\\u00c0-\\u024f\\u0370-\\u052f'
const END = String.raw`(?![${LETTERS}\p{N}_])(?![-./:]\d)(?!-[0-9a-f]{4}-)`
const sticky = (pattern: string, flags = ''): RegExp => new RegExp(`(?:${pattern})${END}`, `yu${flags}`)
const words = (list: string): RegExp => new RegExp(`(?<![${LETTERS}])(?:${list})(?![a-z\\u00df-\\u024f])`, 'iu')

/** The word stands right before the value, with nothing but signs between them. */
const near = (list: string): RegExp => new RegExp(`(?<![${LETTERS}])(?:${list})[^\\p{L}\\p{N}]{0,12}$`, 'iu')

const S = '[ \\u00a0\\u202f]'
const D = '[-\\u2010\\u2011\\u2013]'
const SD = `(?:${S}|${D})`

const PHONE_WORDS = words(
  'phones?|telephones?|tel|mobile|mob|cell(?:phone|ular)?|call(?:ing|ed)?|fax|whatsapp|sms|text me|reach (?:me|you|him|her|us)|dial|ring|hotline|contact|telefono|teléfono|telefon|telefone|telefonnummer|telefoon|handy|rufnummer|mobil|mobilnummer|móvil|celular|cellulare|portable|téléphone|numéro|puhelin|telefonnr|电话|手机|電話|携帯|전화|тел|телефон|هاتف',
)
type Row = Omit<PiiKind, 'tag' | 'severity'> & { readonly tag?: string; readonly severity?: Severity }

const ID_WORDS = 'id|identity|identification|identifier'

const ROWS: readonly Row[] = [
  {
    id: 'phone',
    severity: 'medium',
    alone: 0.85,
    inContext: 0.95,
    context: PHONE_WORDS,
    leads: { plus: [1, 15], paren: [1, 5] },
    pattern: sticky(
      `\\(?\\+\\d{1,15}\\)?(?:(?:[ .\\u00a0/\\u202f]|${S}?${D}${S}?)?\\(?\\d{1,12}\\)?){0,7}(?: ?(?:x|ext\\.?|extension) ?\\d{1,5})?`,
    ),
    isValid: (value) =>
      isInternational(
        value
          .replace(/X.*|EXT.*/, '')
          .replace(/^\(?\+/, '')
          .replace('(0)', '')
          .replaceAll(/\D/g, ''),
      ),
    isTrimmed: true,
  },
  {
    id: 'phone',
    alone: 0.8,
    inContext: 0.95,
    context: PHONE_WORDS,
    leads: { digits: [1, 3], paren: [3, 3] },
    pattern: sticky(
      `(?:1[-. ])?(?:\\([2-9]\\d\\d\\) ?|[2-9]\\d\\d[-.\\u2011])[2-9]\\d\\d[-. \\u2011]\\d{4}(?: ?(?:x|ext\\.?) ?\\d{1,5})?`,
    ),
    isValid: null,
  },
  {
    id: 'phone',
    alone: null,
    inContext: 0.7,
    context: PHONE_WORDS,
    leads: { digits: [1, 12], paren: [1, 5] },
    pattern: sticky(
      `(?!(?:19|20)\\d\\d[-/.]\\d\\d[-/.]|\\d\\d?[-/.]\\d\\d?[-/.](?:19|20)\\d\\d|\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.)\\(?\\d{1,12}\\)?(?:(?:[ ./\\u00a0]|${S}?${D}${S}?)?\\d{2,8}){0,5}`,
    ),
    isValid: (value) => {
      const digits = value.replaceAll(/\D/g, '')
      return digits.length >= (/\D/.test(value) ? 6 : 7) && digits.length <= 12
    },
    isRaw: true,
    isTrimmed: true,
  },
  {
    id: 'credit_card',
    severity: 'high',
    alone: 0.9,
    inContext: 0.97,
    context: words(
      'cards?|visa|mastercard|amex|american express|credit|debit|karte|kreditkarte|carte|tarjeta|cartão|carta|pan|cc|ccn',
    ),
    leads: { digits: [4, 19] },
    pattern: sticky(`\\d{13,19}|\\d{4}(${SD})\\d{4}\\1\\d{4}\\1\\d{1,4}(?:\\1\\d{1,3})?|\\d{4}(${SD})\\d{6}\\2\\d{4,5}`),
    isValid: format.isCard,
  },
  {
    id: 'iban',
    severity: 'high',
    alone: 0.95,
    inContext: 0.99,
    context: words('iban|konto|kontonummer|account|bank|compte|cuenta|conto'),
    leads: { mixed: [4, 34] },
    pattern: sticky(`[A-Z]{2}\\d{2}(?:${S}?[A-Z0-9]{4}){2,7}(?:${S}?[A-Z0-9]{1,3})?`),
    isValid: format.isIban,
    isTrimmed: true,
  },
  {
    id: 'iban',
    severity: 'high',
    alone: null,
    inContext: 0.75,
    context: words('iban'),
    leads: { mixed: [15, 34] },
    pattern: sticky('[A-Z]{2}\\d{2}[A-Z0-9]{11,30}'),
    isValid: format.isIbanShape,
  },
  {
    id: 'us_ssn',
    tag: 'SSN',
    severity: 'high',
    alone: 0.85,
    inContext: 0.97,
    context: words('ssns?|social security|social-security|socials?|soc sec|security number'),
    leads: { digits: [3, 3] },
    pattern: sticky(`\\d{3}(${SD})\\d{2}\\1\\d{4}`),
    isValid: id.isUsSsn,
    isValidInContext: id.isUsSsnShape,
  },
  {
    id: 'us_ssn',
    tag: 'SSN',
    severity: 'high',
    alone: null,
    inContext: 0.8,
    context: words('ssns?|social security'),
    leads: { digits: [9, 9] },
    pattern: sticky('\\d{9}'),
    isValid: id.isUsSsn,
  },
  {
    id: 'us_itin',
    tag: 'ITIN',
    severity: 'high',
    alone: 0.86,
    inContext: 0.96,
    context: words('itin|taxpayer'),
    leads: { digits: [3, 3] },
    pattern: sticky(`\\d{3}(${SD})\\d{2}\\1\\d{4}`),
    isValid: id.isUsItin,
  },
  {
    id: 'us_ein',
    tag: 'TAX_ID',
    alone: null,
    inContext: 0.85,
    context: words('ein|fein|employer id\\w*|tax id\\w*|tin|taxpayer id\\w*'),
    leads: { digits: [2, 2] },
    pattern: sticky('\\d{2}-\\d{7}'),
    isValid: null,
  },
  {
    id: 'uk_nino',
    severity: 'high',
    alone: 0.85,
    inContext: 0.97,
    context: words('nino?|national insurance|ni number'),
    leads: { mixed: [4, 9], word: [2, 2] },
    pattern: sticky(`[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]${S}?\\d{2}${SD}?\\d{2}${SD}?\\d{2}${SD}?[A-D]`),
    isValid: id.isUkNino,
  },
  {
    id: 'uk_nhs',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('nhs|health service|patient (?:no|number|id)'),
    leads: { digits: [3, 10] },
    pattern: sticky(`\\d{3}${SD}?\\d{3}${SD}?\\d{4}`),
    isValid: id.isUkNhs,
  },
  {
    id: 'ca_sin',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('sin|social insurance|nas|assurance sociale'),
    leads: { digits: [3, 9] },
    pattern: sticky(`\\d{3}${SD}?\\d{3}${SD}?\\d{3}`),
    isValid: id.isCaSin,
  },
  {
    id: 'au_tfn',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('tfn|tax file'),
    leads: { digits: [3, 9] },
    pattern: sticky(`\\d{3}${SD}?\\d{3}${SD}?\\d{3}`),
    isValid: id.isAuTfn,
  },
  {
    id: 'au_abn',
    alone: null,
    inContext: 0.95,
    context: words('abn|australian business'),
    leads: { digits: [2, 11] },
    pattern: sticky(`\\d{2}${S}?\\d{3}${S}?\\d{3}${S}?\\d{3}`),
    isValid: id.isAuAbn,
  },
  {
    id: 'au_medicare',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('medicare'),
    leads: { digits: [4, 11] },
    pattern: sticky(`\\d{4}${SD}?\\d{5}${SD}?\\d(?:${SD}?\\d)?`),
    isValid: id.isAuMedicare,
  },
  {
    id: 'de_steuer_id',
    severity: 'high',
    alone: null,
    inContext: 0.97,
    context: words('steuer\\S*|idnr|tin|tax (?:id\\w*|number|no)|identifikationsnummer'),
    leads: { digits: [2, 11] },
    pattern: sticky(`\\d{2}${S}?\\d{3}${S}?\\d{3}${S}?\\d{3}`),
    isValid: id.isDeSteuerId,
  },
  {
    id: 'de_personalausweis',
    severity: 'high',
    alone: null,
    inContext: 0.85,
    context: words('(?:personal)?ausweis\\S*|identity card|id card'),
    leads: { mixed: [9, 10] },
    pattern: sticky('[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\\d?'),
    isValid: id.isDePersonalausweis,
  },
  {
    id: 'passport',
    severity: 'high',
    alone: null,
    inContext: 0.85,
    context: words(
      'passports?|passport (?:no|number)|reisepass\\w*|passnummer|passeport|passaporto|pasaporte|paspoort|passaporte|paszport|护照|パスポート',
    ),
    leads: { mixed: [7, 9], digits: [8, 9] },
    // By country: DE, FR, IT and GR, ES, NL, one letter and 7 or 8 digits (IN, US, CN, JP two letters), GB and US digits.
    pattern: sticky(
      '[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}|\\d{2}[A-Z]{2}\\d{5}|[A-Z]{2}\\d{7}|[A-Z]{3}\\d{6}|[A-NP-Z]{2}[A-NP-Z0-9]{6}\\d|[A-Z]{1,2}\\d{6,8}|\\d{8,9}',
    ),
    isValid: null,
  },
  {
    id: 'fr_nir',
    severity: 'high',
    alone: 0.93,
    inContext: 0.98,
    context: words('nir|insee|sécu\\w*|sécurité sociale|securite sociale|social security'),
    leads: { digits: [1, 15], mixed: [13, 15] },
    pattern: sticky(
      `[12]${S}?\\d{2}${S}?(?:0[1-9]|1[0-2]|[2-4]\\d|[5-9]\\d)${S}?(?:\\d{2}|2[AB])${S}?\\d{3}${S}?\\d{3}${S}?\\d{2}`,
    ),
    isValid: id.isFrNir,
  },
  {
    id: 'it_codice_fiscale',
    severity: 'high',
    alone: 0.97,
    inContext: 0.99,
    context: words('codice fiscale|c\\.?f\\.?'),
    leads: { mixed: [16, 16] },
    pattern: sticky('[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]', 'i'),
    isValid: id.isItCodiceFiscale,
  },
  {
    id: 'es_dni',
    severity: 'high',
    alone: 0.8,
    inContext: 0.97,
    context: words('dni|nif|documento(?: nacional)?|identidad'),
    leads: { mixed: [9, 9], digits: [8, 8] },
    pattern: sticky('\\d{8}-?[A-HJ-NP-TV-Z]'),
    isValid: id.isEsDni,
  },
  {
    id: 'es_nie',
    severity: 'high',
    alone: 0.85,
    inContext: 0.97,
    context: words('nie|extranjero'),
    leads: { mixed: [8, 9], word: [7, 8] },
    pattern: sticky('[XYZ]-?\\d{7}-?[A-HJ-NP-TV-Z]'),
    isValid: id.isEsNie,
  },
  {
    id: 'nl_bsn',
    severity: 'high',
    alone: null,
    inContext: 0.96,
    context: words('bsn|burgerservicenummer|sofinummer|sofi'),
    leads: { digits: [3, 9] },
    pattern: sticky('\\d{9}|\\d{4}[. ]\\d{2}[. ]\\d{3}|\\d{3}[. ]\\d{3}[. ]\\d{3}'),
    isValid: id.isNlBsn,
  },
  {
    id: 'pl_pesel',
    severity: 'high',
    alone: null,
    inContext: 0.97,
    context: words('pesel'),
    leads: { digits: [11, 11] },
    pattern: sticky('\\d{11}'),
    isValid: id.isPlPesel,
  },
  {
    id: 'se_personnummer',
    severity: 'high',
    alone: 0.8,
    inContext: 0.97,
    context: words('personnummer|person(?:al)? (?:no|number|identity)|pnr|samordningsnummer'),
    leads: { digits: [6, 8] },
    pattern: sticky('(?:19|20)?\\d{6}[-+]\\d{4}'),
    isValid: (value) => id.isSePersonnummer(value.replaceAll(/\D/g, '')),
  },
  {
    id: 'se_personnummer',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('personnummer|pnr|samordningsnummer'),
    leads: { digits: [10, 12] },
    pattern: sticky('(?:19|20)?\\d{10}'),
    isValid: id.isSePersonnummer,
  },
  {
    id: 'be_rrn',
    severity: 'high',
    alone: 0.95,
    inContext: 0.98,
    context: words('rijksregister\\w*|registre national|numéro national|insz|niss|rrn'),
    leads: { digits: [2, 2] },
    pattern: sticky('\\d{2}\\.\\d{2}\\.\\d{2}[- ]\\d{3}[. ]\\d{2}'),
    isValid: id.isBeRrn,
  },
  {
    id: 'be_rrn',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('rijksregister\\w*|registre national|numéro national|insz|niss|rrn'),
    leads: { digits: [11, 11] },
    pattern: sticky('\\d{11}'),
    isValid: id.isBeRrn,
  },
  {
    id: 'pt_nif',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('nif|contribuinte|número fiscal'),
    leads: { digits: [3, 9] },
    pattern: sticky(`[1235689]\\d{2}${S}?\\d{3}${S}?\\d{3}`),
    isValid: id.isPtNif,
  },
  {
    id: 'fi_hetu',
    severity: 'high',
    alone: 0.92,
    inContext: 0.98,
    context: words('hetu|henkilötunnus|personbeteckning'),
    leads: { digits: [6, 6], mixed: [11, 11] },
    pattern: sticky('\\d{6}[-+A-FU-Y]\\d{3}[0-9A-FHJ-NPR-Y]'),
    isValid: id.isFiHetu,
  },
  {
    id: 'dk_cpr',
    severity: 'high',
    alone: null,
    inContext: 0.93,
    context: words('cpr|personnummer|cpr-?(?:nr|nummer)'),
    leads: { digits: [6, 10] },
    pattern: sticky('\\d{6}[- ]?\\d{4}'),
    isValid: id.isDkCpr,
  },
  {
    id: 'no_fnr',
    severity: 'high',
    alone: 0.75,
    inContext: 0.98,
    context: words('fødselsnummer|fodselsnummer|personnummer|fnr|d-nummer'),
    leads: { digits: [6, 11] },
    pattern: sticky('\\d{6} ?\\d{5}'),
    isValid: id.isNoFnr,
  },
  {
    id: 'ch_ahv',
    severity: 'high',
    alone: 0.95,
    inContext: 0.98,
    context: words('ahv\\S*|avs|oasi|navs'),
    leads: { digits: [3, 13] },
    pattern: sticky('756[. ]?\\d{4}[. ]?\\d{4}[. ]?\\d{2}'),
    isValid: id.isChAhv,
  },
  {
    id: 'at_svnr',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('svnr|sv-?nummer|sozialversicherungs\\w*|versicherungsnummer'),
    leads: { digits: [4, 10] },
    pattern: sticky('\\d{4}[ -]?\\d{6}'),
    isValid: id.isAtSvnr,
  },
  {
    id: 'in_aadhaar',
    severity: 'high',
    alone: 0.7,
    inContext: 0.97,
    context: words('aadhaar|aadhar|uidai|uid|आधार'),
    leads: { digits: [4, 4] },
    pattern: sticky(`[2-9]\\d{3}(${SD})\\d{4}\\1\\d{4}(?!\\1\\d)`),
    isValid: id.isInAadhaar,
  },
  {
    id: 'in_aadhaar',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('aadhaar|aadhar|uidai|आधार'),
    leads: { digits: [12, 12] },
    pattern: sticky('[2-9]\\d{11}'),
    isValid: id.isInAadhaar,
  },
  {
    id: 'in_pan',
    severity: 'high',
    alone: 0.75,
    inContext: 0.95,
    context: words('pan|permanent account|income tax'),
    leads: { mixed: [10, 10] },
    pattern: sticky('[A-Z]{3}[ABCFGHLJPT][A-Z]\\d{4}[A-Z]'),
    isValid: null,
  },
  {
    id: 'br_cpf',
    severity: 'high',
    alone: 0.95,
    inContext: 0.98,
    context: words('cpf'),
    leads: { digits: [3, 3] },
    pattern: sticky('\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}'),
    isValid: id.isBrCpf,
  },
  {
    id: 'br_cpf',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('cpf'),
    leads: { digits: [9, 11] },
    pattern: sticky('\\d{9}-?\\d{2}'),
    isValid: id.isBrCpf,
  },
  {
    id: 'br_cnpj',
    alone: 0.95,
    inContext: 0.98,
    context: words('cnpj'),
    leads: { digits: [2, 2] },
    pattern: sticky('\\d{2}\\.\\d{3}\\.\\d{3}/\\d{4}-\\d{2}'),
    isValid: id.isBrCnpj,
  },
  {
    id: 'br_cnpj',
    alone: null,
    inContext: 0.95,
    context: words('cnpj'),
    leads: { digits: [14, 14] },
    pattern: sticky('\\d{14}'),
    isValid: id.isBrCnpj,
  },
  {
    id: 'mx_curp',
    severity: 'high',
    alone: 0.97,
    inContext: 0.99,
    context: words('curp'),
    leads: { mixed: [18, 18] },
    pattern: sticky('[A-Z][AEIOUX][A-Z]{2}\\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z]\\d'),
    isValid: id.isMxCurp,
  },
  {
    id: 'cn_resident_id',
    severity: 'high',
    alone: 0.95,
    inContext: 0.99,
    context: words('身份证\\S*|resident id\\w*|id card|居民'),
    leads: { digits: [18, 18], mixed: [18, 18] },
    pattern: sticky('[1-9]\\d{16}[\\dXx]'),
    isValid: id.isCnResidentId,
  },
  {
    id: 'jp_my_number',
    severity: 'high',
    alone: null,
    inContext: 0.95,
    context: words('my number|mynumber|individual number|マイナンバー|個人番号'),
    leads: { digits: [4, 12] },
    pattern: sticky('\\d{4}[ -]?\\d{4}[ -]?\\d{4}'),
    isValid: id.isJpMyNumber,
  },
  {
    id: 'kr_rrn',
    severity: 'high',
    alone: 0.85,
    inContext: 0.97,
    context: words('rrn|resident registration|주민등록번호|주민번호'),
    leads: { digits: [6, 6] },
    pattern: sticky('\\d{6}-[1-8]\\d{6}'),
    isValid: id.isKrRrn,
  },
  {
    id: 'sg_nric',
    severity: 'high',
    alone: 0.9,
    inContext: 0.97,
    context: words('nric|fin|singapore'),
    leads: { mixed: [9, 9] },
    pattern: sticky('[STFGM]\\d{7}[A-Z]'),
    isValid: id.isSgNric,
  },
  {
    id: 'za_id',
    severity: 'high',
    alone: 0.75,
    inContext: 0.96,
    context: words(`south africa\\w*|rsa|sa id|${ID_WORDS}`),
    leads: { digits: [6, 13] },
    pattern: sticky('\\d{6}[ ]?\\d{4}[ ]?[01][89]\\d'),
    isValid: id.isZaId,
  },
  {
    id: 'national_id',
    severity: 'high',
    alone: null,
    inContext: 0.7,
    context: words(
      `national (?:${ID_WORDS})|nid|(?:${ID_WORDS})[-_ ](?:no|number|card)|insurance[-_ ](?:${ID_WORDS}|no|number)|cédula|carte d'identité|carta d'identità`,
    ),
    leads: { digits: [7, 14], mixed: [8, 14], word: [6, 12] },
    pattern: sticky('(?:[A-Z]{2,3}-)?[A-Z]{0,2}\\d{6,12}[A-Z]?'),
    isValid: null,
  },
  {
    id: 'medical_record',
    severity: 'high',
    alone: null,
    inContext: 0.85,
    context: near('mrn|medical record(?: number| no)?|patient[-_ ](?:id|no|number)'),
    leads: { digits: [5, 12], word: [5, 12] },
    pattern: sticky('(?:MRN[-# ])?\\d{5,12}'),
    isValid: null,
  },
  {
    id: 'bank_account',
    severity: 'high',
    alone: null,
    inContext: 0.75,
    context: words(
      '(?:bank )?(?:account|acct|a/c)(?: (?:no|number|nr))?[.:# ]*|kontonummer\\W*|konto\\W*|numéro de compte\\W*|número de cuenta\\W*|routing(?: number)?\\W*',
    ),
    leads: { digits: [8, 17] },
    pattern: sticky('\\d{8,17}'),
    isValid: null,
  },
  {
    id: 'ip_address',
    alone: 0.9,
    inContext: 0.95,
    context: words('ip|host|server|address|from|client|remote'),
    leads: { digits: [1, 3] },
    pattern: /\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\p{L}\p{N}_])(?!\.\d)/uy,
    isValid: format.isIpv4,
    isRaw: true,
  },
  {
    id: 'ip_address',
    alone: 0.9,
    inContext: 0.95,
    context: words('ip(?:v6)?|host|server|address|from'),
    leads: { hex: [1, 45] },
    pattern: /(?:[0-9A-Fa-f]{1,4}:|:){2,7}[0-9A-Fa-f]{0,4}(?![\p{L}\p{N}_:])/uy,
    isValid: format.isIpv6,
    isRaw: true,
  },
  {
    id: 'mac_address',
    alone: 0.95,
    inContext: 0.98,
    context: words('mac|ethernet|hardware address'),
    leads: { hex: [1, 17] },
    pattern:
      /[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\p{L}\p{N}_])(?![:-][0-9A-Fa-f])|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![\p{L}\p{N}_.])/uy,
    isValid: format.isMac,
  },
  {
    id: 'imei',
    alone: null,
    inContext: 0.95,
    context: words('imei|device id|handset'),
    leads: { digits: [2, 15] },
    pattern: sticky('\\d{15}|\\d{2}[- ]\\d{6}[- ]\\d{6}[- ]\\d'),
    isValid: luhn,
  },
  {
    id: 'crypto_wallet',
    alone: 0.9,
    inContext: 0.97,
    context: words('wallet|btc|bitcoin|eth|ethereum|ltc|litecoin|doge|tron|trx|usdt|crypto'),
    leads: { mixed: [14, 90] },
    pattern: sticky('(?:bc|tb|ltc)1[a-z0-9]{11,87}|(?:BC|TB|LTC)1[A-Z0-9]{11,87}'),
    isValid: format.isBech32,
  },
  {
    id: 'crypto_wallet',
    alone: 0.8,
    inContext: 0.95,
    context: words('wallet|btc|bitcoin|ltc|litecoin|doge|dogecoin|tron|trx|usdt|crypto'),
    leads: { mixed: [26, 35] },
    pattern: sticky('[13LMDT][1-9A-HJ-NP-Za-km-z]{25,34}'),
    isValid: format.isBase58Wallet,
    isRaw: true,
  },
  {
    id: 'crypto_wallet',
    alone: 0.85,
    inContext: 0.95,
    context: words('wallet|eth|ethereum|erc20|address|crypto'),
    leads: { mixed: [42, 42] },
    pattern: sticky('0x[0-9a-fA-F]{40}'),
    isValid: null,
  },
  {
    id: 'date_of_birth',
    alone: null,
    inContext: 0.85,
    context: words(
      'dob|d\\.o\\.b|(?:date[-_ ]of[-_ ])?birth(?:[-_ ]?da(?:y|te))?|born(?: on)?|geboren|geburts(?:datum|tag)|geb|né le|née le|date de naissance|naissance|nacid[oa]|fecha de nacimiento|nacimiento|nascimento|nat[oa] il|data di nascita|geboortedatum|fødselsdato|födelsedatum|出生日期|生年月日|생년월일',
    ),
    leads: { digits: [1, 4], mixed: [3, 4], word: [1, 2] },
    pattern: sticky(
      `(?:19|20)\\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:3[01]|[12]\\d|0?[1-9])|(?:3[01]|[12]\\d|0?[1-9])[-/. ](?:3[01]|[12]\\d|0?[1-9])[-/. ](?:19|20)?\\d{2}|(?:3[01]|[12]\\d|0?[1-9])(?:st|nd|rd|th|\\.|er)? (?:of |de )?MONTH(?:,? | de )(?:19|20)\\d{2}|MONTH (?:3[01]|[12]\\d|0?[1-9])(?:st|nd|rd|th)?,? (?:19|20)\\d{2}`.replaceAll(
        'MONTH',
        '(?:jan(?:uary|uar|vier)?|ene(?:ro)?|gennaio|janeiro|feb(?:ruary|ruar)?|févr?(?:ier)?|febrero|febbraio|fevereiro|mar(?:ch|s|zo|ço)?|märz|apr(?:il|ile)?|avril|abril|may|mai|mayo|maggio|maio|jun[ei]?|juin|junio|giugno|junho|jul[yi]?|juillet|julio|luglio|julho|aug(?:ust)?|août|agosto|sept?(?:ember|embre)?|septiembre|settembre|setembro|o[ck]t(?:ober|obre)?|octubre|ottobre|outubro|nov(?:ember|embre|iembre|embro)?|de[cz](?:ember|embro)?|décembre|diciembre|dicembre)\\.?',
      ),
      'i',
    ),
    isValid: null,
  },
  {
    id: 'address',
    severity: 'low',
    alone: 0.65,
    inContext: 0.85,
    context: words('address|street|lives? (?:at|in|on)|living at|ship(?:ping)? to|located at|location|residence'),
    leads: { digits: [1, 5], mixed: [2, 6] },
    pattern: sticky(
      String.raw`(?<!\p{L}\.)\d{1,5}[A-Z]? (?:[NSEW]\.? )?(?:[A-Z][\p{L}'’.-]{1,20} ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Cir|Place|Pl|Square|Sq|Terrace|Ter|Way|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Row|Trail)\b(?:\.(?=,))?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|#)\.? ?[A-Z0-9]{1,6})?(?:, [A-Z][\p{L}'’-]{1,20}(?: [A-Z][\p{L}'’-]{1,20}){0,2}(?:, [A-Z]{2}(?: \d{5}(?:-\d{4})?)?)?)?`,
    ),
    isValid: null,
  },
]

/** The tag is the id in upper case where the row names none. */
export const PII_KINDS: readonly PiiKind[] = ROWS.map((row) => ({
  ...row,
  tag: row.tag ?? row.id.toUpperCase(),
  severity: row.severity ?? 'medium',
}))
