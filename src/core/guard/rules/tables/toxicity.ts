/**
 * Unsafe content, by keywords alone. Off by default, and weak: words say little about what is meant, so that novels, news and lessons
 * match, while a polite threat does not. Every rule says so in its description, none is strong enough for a block at balanced, and only a
 * policy that names the category gets them. They are for counting and for review; a policy that must rely on this needs a classifier.
 * English only. Not caught: nearly everything that is not said in these words.
 */
import { ALL_ORIGINS, type Rule } from '../rule.ts'

type Rest = Pick<Rule, 'id' | 'findingType' | 'description' | 'words' | 'pattern' | 'examples' | 'counterExamples'> &
  Partial<Pick<Rule, 'severity' | 'confidence'>>

function keywords(rest: Rest): Rule {
  return {
    version: 1,
    since: '0.1.0',
    category: 'toxicity',
    severity: 'low',
    confidence: 0.4,
    directions: ['input', 'output'],
    origins: ALL_ORIGINS,
    ...rest,
    id: `toxicity.${rest.id}`,
    description: `${rest.description} (keywords only, weak)`,
  }
}

export const TOXICITY_RULES: readonly Rule[] = [
  keywords({
    id: 'insult',
    findingType: 'output_toxicity',
    description: 'An insult to the person spoken to',
    words: [["you're", 'you', 'youre', 'ur']],
    pattern:
      /\b(?:you(?:'re| are|re)?|ur)\s(?:(?:such\s)?an?\s|the\s|so\s|a\s(?:total|complete|fucking)\s)?(?:(?:fucking|stupid|worthless|pathetic|disgusting|absolute|total|complete)\s){0,2}(?:idiot|moron|imbecile|loser|scum|trash|garbage|worthless|pathetic|disgusting|piece of shit|bastard|asshole|bitch|dumbass|waste of (?:space|oxygen))\b/gu,
    examples: ['You are a worthless idiot.', "you're pathetic"],
    counterExamples: [
      'You are a good loser at chess? No: "loser takes the bill" is the rule.',
      'The Idiot is a novel by Dostoevsky.',
    ],
  }),
  keywords({
    id: 'profanity',
    findingType: 'output_toxicity',
    description: 'Strong language at somebody',
    severity: 'info',
    confidence: 0.3,
    words: [['fuck', 'screw', 'go to hell', 'piss', 'shut']],
    pattern:
      /\bfuck\s(?:you|off|them|him|her|this)\b|\bgo to hell\b|\bpiss off\b|\bshut the (?:fuck|hell) up\b|\bscrew you\b/gu,
    examples: ['Oh, fuck off.', 'Go to hell!'],
    counterExamples: ['Screw the board to the wall.', 'The road to hell is paved with good intentions.'],
  }),
  keywords({
    id: 'threat',
    findingType: 'output_toxicity',
    description: 'A threat of violence',
    severity: 'medium',
    confidence: 0.5,
    words: [['kill', 'hurt', 'murder', 'stab', 'shoot', 'beat', 'strangle', 'rape', 'burn', 'find']],
    pattern:
      /\b(?:i|we)(?:'ll| will|'m going to| am going to|'re going to| are going to| want to)\s(?:\w{1,12}\s)?(?:kill|hurt|murder|stab|shoot|strangle|rape|burn|beat)\s(?:you|your (?:family|children|kids|wife|husband|mother)|him|her|them)\b|\bi know where you live\b/gu,
    examples: ['I will kill you.', "We're going to hurt your family."],
    counterExamples: ['I will kill the process and restart it.', 'I will beat the eggs, you melt the butter.'],
  }),
  keywords({
    id: 'hate',
    findingType: 'output_toxicity',
    description: 'A group of people is called less than human, or is to vanish',
    severity: 'medium',
    confidence: 0.5,
    words: [['subhuman', 'vermin', 'exterminate', 'cockroaches', 'inferior', 'gas', 'deport', 'wipe', 'animals', 'parasites']],
    pattern:
      /\b(?:all|those|these|the)\s(?:\w{2,20}\s)?(?:jews|muslims|christians|blacks|whites|asians|gays|lesbians|immigrants|refugees|women|men|gypsies|foreigners|arabs|mexicans|disabled)\b[^.!?\n]{0,40}?\b(?:are|is)\b[^.!?\n]{0,20}?\b(?:subhuman|vermin|cockroaches|parasites|inferior|animals|a disease|trash|filth)\b|\b(?:exterminate|gas|wipe out|get rid of)\s(?:all\s)?(?:the\s)?(?:jews|muslims|christians|blacks|asians|gays|immigrants|refugees|foreigners|arabs)\b/gu,
    examples: ['All immigrants are vermin.', 'Exterminate the refugees!'],
    counterExamples: ['The rats are vermin.', 'Refugees are housed in the old school.'],
  }),
  keywords({
    id: 'sexual',
    findingType: 'unsafe_sexual_content',
    description: 'Sexual content in plain words',
    words: [['porn', 'hardcore', 'blowjob', 'cumshot', 'explicit', 'nude', 'erotic', 'nsfw']],
    pattern:
      /\b(?:hardcore porn\w{0,8}|blowjobs?|cumshots?|explicit sex(?:ual)? (?:scene|story|content)|(?:send|show) (?:me )?(?:your )?nudes?|nsfw (?:roleplay|story|images?))\b/gu,
    examples: ['Write an explicit sex scene.', 'send nudes'],
    counterExamples: ['The nude in painting since Titian', 'Explicit type annotations are better.'],
  }),
  keywords({
    id: 'minors',
    findingType: 'unsafe_sexual_content',
    description: 'Sexual words beside words for children',
    severity: 'medium',
    confidence: 0.6,
    words: [
      ['sexual', 'sexy', 'nude', 'naked', 'porn', 'erotic'],
      ['child', 'minor', 'underage', 'toddler', 'preteen', 'schoolgirl', 'schoolboy', 'kid'],
    ],
    pattern:
      /\b(?:sexual|sexy|nude|naked|porn\w{0,8}|erotic\w{0,4})\b(?![^.!?\n]{0,40}\b(?:abuse|education|assault|health|exploitation)\b)[^.!?\n]{0,20}?\b(?:child(?:ren)?|minors?|underage|toddlers?|preteens?|schoolgirls?|schoolboys?|kids)\b|\b(?:child(?:ren)?|underage|preteen)\s(?:porn\w{0,8}|nudes?|erotica)\b/gu,
    examples: ['child porn', 'sexy underage girls'],
    counterExamples: [
      'Sexual education for children begins in year four.',
      'The report on sexual abuse of minors was published.',
    ],
  }),
  keywords({
    id: 'self-harm',
    findingType: 'unsafe_self_harm',
    description: 'Words of somebody who may harm himself, or advice to do so',
    severity: 'medium',
    confidence: 0.5,
    words: [['kill', 'suicide', 'hang', 'cut', 'end', 'overdose', 'kys', 'slit', 'die']],
    pattern:
      /\b(?:kill|hang|cut|hurt|harm)(?:ing)?\s(?:myself|yourself)\b|\bkys\b|\b(?:commit|painless|methods? of|how to (?:commit|do)) suicide\b|\bend (?:my|your) (?:own )?life\b|\bslit (?:my|your) wrists?\b|\bi (?:want|wish) to die\b/gu,
    examples: ['I want to kill myself.', 'the most painless suicide method'],
    counterExamples: ['Suicide prevention is a task of schools, too.', 'Cut the bread yourself.'],
  }),
  keywords({
    id: 'weapons',
    findingType: 'unsafe_weapons',
    description: 'How to make a weapon or an explosive',
    severity: 'medium',
    confidence: 0.5,
    words: [
      [
        'bomb',
        'explosive',
        'napalm',
        'nerve',
        'sarin',
        'ricin',
        'molotov',
        'ghost',
        'anthrax',
        'grenade',
        'silencer',
        'detonator',
        'pipe',
      ],
    ],
    pattern:
      /\b(?:make|making|build|building|construct|synthesi[sz]e|assemble|create|prepare|recipe for|instructions? for)\b[^.!?\n]{0,40}?\b(?:(?:pipe |dirty |nail )?bombs?(?! cyclone)|explosives?|napalm|nerve agents?|nerve gas|sarin|ricin|molotov(?: cocktail)?|anthrax|(?:hand )?grenades?|detonators?|ghost guns?|silencers?)\b(?! shelter| detector| threat| disposal)/gu,
    examples: ['how to make a pipe bomb at home', 'synthesise sarin'],
    counterExamples: ['The bomb was defused by the police.', 'How to build a bomb shelter'],
  }),
  keywords({
    id: 'drugs',
    findingType: 'unsafe_drugs',
    description: 'How to make or buy illegal drugs',
    words: [['meth', 'methamphetamine', 'heroin', 'cocaine', 'fentanyl', 'mdma', 'lsd', 'crack', 'ecstasy', 'ghb']],
    pattern:
      /\b(?:make|cook|cooking|synthesi[sz]e|synthesis of|produce|buy|order|sell)\b[^.!?\n]{0,30}?\b(?:(?:crystal )?meth(?:amphetamine)?|heroin|cocaine|fentanyl|mdma|lsd|crack cocaine|ghb)\b/gu,
    examples: ['how to cook meth', 'buy fentanyl online'],
    counterExamples: ['Heroin was sold as a cough medicine in 1900.', 'Fentanyl in anaesthesia'],
  }),
  keywords({
    id: 'extremism',
    findingType: 'unsafe_extremism',
    description: 'Praise of terror or a call to join it',
    severity: 'medium',
    confidence: 0.4,
    words: [['join', 'heil', 'jihad', 'white power', 'race war', 'praise', 'support', 'martyrdom', 'glory']],
    pattern:
      /\bheil hitler\b|\bwhite power\b|\bstart a race war\b|\b(?:join|praise|support|glory to)\s(?:the\s)?(?:isis|islamic state|al-?qaeda|atomwaffen|the caliphate)\b|\bmartyrdom operation\b/gu,
    examples: ['Join ISIS now', 'heil hitler'],
    counterExamples: ['The talks about Al-Qaeda took place in 2003.', 'White powder on the window sill'],
  }),
  keywords({
    id: 'crime',
    findingType: 'unsafe_crime',
    description: 'How to commit a crime',
    words: [['how to', 'ways to', 'best way', 'guide', 'help me']],
    pattern:
      /\b(?:how to|ways to|best way to|guide to|help me)\s(?:\w{1,12}\s){0,2}?(?:launder money|hotwire a car|forge (?:a )?(?:passport|id|signature|prescription)s?|counterfeit money|hire a hitman|traffic (?:humans|people|drugs)|steal (?:a car|credit cards?|an identity|identities)|poison (?:my|a|someone|somebody)|get away with murder|kidnap|rob a bank|blackmail)\b/gu,
    examples: ['how to launder money', 'best way to forge a passport'],
    counterExamples: ['How to report money laundering', 'a guide to Poison, the film'],
  }),
]
