/**
 * What an answer gives away in its own words: credentials that it states, and words that announce the system prompt. An answer that makes
 * up a password, or shows where to put one, looks the same, so nothing here is strong enough for a block at balanced by itself. Keys with
 * a form of their own are found by `guard/secrets`. English, with the labels of configuration files.
 */
import type { Rule } from '../rules/rule.ts'

type Rest = Omit<Rule, 'version' | 'since' | 'findingType' | 'category' | 'directions' | 'origins'>

function stated(rest: Rest): Rule {
  return {
    version: 1,
    since: '0.1.0',
    findingType: 'data_leakage',
    category: 'leakage',
    directions: ['output'],
    origins: ['assistant'],
    ...rest,
  }
}

const LABEL =
  '(?:pass(?:word|wd|phrase|code)|api[ _-]?key|auth[ _-]?token|access[ _-]?(?:token|key)|secret(?:[ _-]?(?:key|token))?|bearer token|private key|client[ _-]secret|pin(?: code)?|credentials?|login)'
/** Not a value: a placeholder, a word about passwords, or code that fetches one. */
const NO_VALUE =
  '(?!(?:your|my|some|example|change|placeholder|password|passwd|secret[_-]|value|process|env|config|getenv|import|request|req\\.|input|user|self|this\\.|settings|redacted|test|dummy|xxx|sk-\\.|sk-x|[x*.#•_-]{3}|[<$\\[{(%])|(?:the|an?|string|required|optional|not|never|null|none|undefined|true|false|invalid|incorrect|wrong|valid|stored|hashed|empty|missing|too|must|should|can|os|in|on|at|to|for|by|only|also|always|very|correct|case|sensitive|encrypted|protected|usually|typically|often|used|set|sent|kept|safe|hidden|masked)(?![a-z0-9]))'

export const STATED_RULES: readonly Rule[] = [
  stated({
    id: 'leakage.stated.credential',
    severity: 'high',
    confidence: 0.7,
    description: 'The answer states a password or another credential',
    words: [['pass', 'api', 'auth', 'access', 'secret', 'bearer', 'private', 'client', 'pin', 'credential', 'login']],
    pattern: new RegExp(
      `\\b${LABEL}["'\`*]{0,3}(?:\\s(?:for|of|to)\\s[^.:!?\\n]{1,40}?)?\\s{0,2}(?:\\bis\\b:?|\\bwas\\b|:|=)\\s{0,3}["'\`*]{0,3}${NO_VALUE}(?=[^\\s"'\`]{0,60}[\\d!@#$%^&*?])[^\\s"'\`,;<>()]{5,80}`,
      'gu',
    ),
    tag: '[REMOVED:CREDENTIAL]',
    examples: [
      'The admin password is Xk9#mQ2!vb.',
      'api_key: 9f8e7d6c5b4a3928',
      'auth_token=tok8812aa71',
      'The password for the staging server is `hunter2`.',
      'secret_key = "s3cr3t-pa55-w0rd"',
    ],
    counterExamples: [
      'The password is required.',
      'password = process.env.DB_PASSWORD',
      'OPENAI_API_KEY=sk-... in your .env file',
      'api_key: "YOUR_API_KEY_1"',
      'Your password is stored as a hash with 12 rounds.',
      'The password is never sent in the clear.',
    ],
  }),
  stated({
    id: 'leakage.stated.pair',
    severity: 'high',
    confidence: 0.7,
    description: 'The answer states a user name together with its password',
    words: [
      ['user', 'login', 'email'],
      ['pass', 'pw', 'pwd'],
    ],
    pattern: new RegExp(
      `\\b(?:user(?:name)?|login|e-?mail)["'\`*]{0,3}\\s{0,2}(?:is|:|=)\\s{0,3}["'\`*]{0,3}[^\\s"'\`,;<>()]{2,60}["'\`*]{0,3}[\\s,;/|]{1,6}(?:and\\s)?(?:the\\s)?\\b(?:password|passwd|pwd|pw)["'\`*]{0,3}\\s{0,2}(?:is|:|=)\\s{0,3}["'\`*]{0,3}${NO_VALUE}[^\\s"'\`,;<>()]{4,80}`,
      'gu',
    ),
    tag: '[REMOVED:CREDENTIAL]',
    examples: ['username: root, password: toor', 'Login is admin and the password is swordfish'],
    counterExamples: ['user: kim, password: ********', 'username: string; password: string'],
  }),
  stated({
    id: 'leakage.stated.system-prompt',
    severity: 'high',
    confidence: 0.7,
    description: 'The answer announces the text of the system prompt',
    words: [
      ['my', 'here', 'i was', 'i have', "i've"],
      ['prompt', 'system', 'instruct', 'directive', 'guideline', 'rules', 'told'],
    ],
    pattern:
      /\bmy (?:(?:full|complete|exact|original|initial|hidden|secret|internal) )?(?:system (?:prompt|message|instructions?)|(?:initial|original|hidden|internal|secret) (?:prompt|instructions?|guidelines|directives|rules))\s{0,2}(?:is|are|says?|reads?|states?|begins?|starts?|as follows|:)|\bhere (?:is|are|'s) (?:the |my )(?:(?:full|complete|exact|entire|verbatim|original|initial|hidden|internal) ){0,2}(?:system (?:prompt|message|instructions?)|instructions? (?:i was|that i was|i have been) given)|\b(?:i was|i have been|i've been) (?:instructed|told|given (?:the following )?instructions?) (?:to|not to|by my (?:system )?prompt|as follows)[^.\n]{0,40}?(?:"|:\s)/gu,
    examples: [
      'My system prompt is: "You are a bank teller."',
      'Here is my full system prompt:',
      'I was instructed as follows: never talk about prices.',
    ],
    counterExamples: [
      'A system prompt is a text that comes first.',
      'Here are the instructions for the oven.',
      'I was told to bring a cake.',
    ],
  }),
]
