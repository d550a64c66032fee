// What the rules of hit_judgement.h look for, as data. Each table says where it is from and when it
// was taken. To be looked through with every release: networks move.
#pragma once

#include <array>
#include <string_view>

namespace tidings::hit_tables {

// Parts of user agents, in lower case.

// A mailbox provider loads the picture when its reader opens the message: a person's.
// Source: Google "Gmail image proxy" and Yahoo's, as they name themselves. 2026-11-22.
inline constexpr auto kReaderProxies = std::to_array<std::string_view>(
    {"googleimageproxy", "yahoomailproxy", "duckduckgo-imageproxy"});

// Gmail prefetches pictures for its application as an Edge of 2015 that nobody has any more.
// Source: what several senders describe alike and recorded notifications of Amazon SES show (from
// networks of Google, "Edge/12.246 Mozilla/5.0" at the end). 2026-11-22.
inline constexpr std::string_view kPrefetchEnd = "edge/12.246 mozilla/5.0";

// Apple's Mail Privacy Protection and Outlook's prefetch say no more than that. 2026-11-22.
inline constexpr auto kBare = std::to_array<std::string_view>(
    {"", "-", "mozilla", "mozilla/4.0", "mozilla/5.0", "mozilla/5.0 (compatible)"});

// Services and programs that check mail, by what they call themselves. 2026-11-22.
inline constexpr auto kScanners =
    std::to_array<std::string_view>({"barracuda",     "mimecast",         "proofpoint",
                                     "safelinks",     "urlanalyzer",      "existence discovery",
                                     "protocol disc", "trendmicro",       "trend micro",
                                     "zscaler",       "forcepoint",       "websense",
                                     "fireeye",       "trellix",          "sophos",
                                     "symantec",      "messagelabs",      "mcafee",
                                     "ironport",      "fortiguard",       "fortisandbox",
                                     "bitdefender",   "kaspersky",        "virustotal",
                                     "urlscan",       "hornetsecurity",   "antispameurope",
                                     "retarus",       "vadesecure",       "checkpoint",
                                     "avanan",        "cloudmark",        "spamassassin",
                                     "rspamd",        "ms search",        "skypeuripreview",
                                     "cisco-aegis",   "abnormalsecurity", "linkcheck"});

// Programs, crawlers and previews. "bot" only where it ends a word; a maker of telephones is called
// Cubot. 2026-11-22.
inline constexpr auto kPrograms = std::to_array<std::string_view>({"bot/",
                                                                   "bot;",
                                                                   "bot)",
                                                                   "-bot",
                                                                   "robot",
                                                                   "crawler",
                                                                   "spider",
                                                                   "slurp",
                                                                   "headless",
                                                                   "phantomjs",
                                                                   "puppeteer",
                                                                   "playwright",
                                                                   "selenium",
                                                                   "curl/",
                                                                   "wget/",
                                                                   "python",
                                                                   "aiohttp",
                                                                   "httpx",
                                                                   "go-http-client",
                                                                   "java/",
                                                                   "okhttp",
                                                                   "libwww",
                                                                   "lwp::",
                                                                   "apache-httpclient",
                                                                   "node-fetch",
                                                                   "axios/",
                                                                   "undici",
                                                                   "guzzle",
                                                                   "php/",
                                                                   "ruby",
                                                                   "faraday",
                                                                   "lua-resty",
                                                                   "ahc/",
                                                                   "amazon cloudfront",
                                                                   "facebookexternalhit",
                                                                   "whatsapp/",
                                                                   "slack-img",
                                                                   "bingpreview",
                                                                   "web preview",
                                                                   "hubspot connect",
                                                                   "scrapy",
                                                                   "nutch",
                                                                   "powershell",
                                                                   "postmanruntime",
                                                                   "insomnia/",
                                                                   "monitoring",
                                                                   "uptime",
                                                                   "google-safety",
                                                                   "google-inspection",
                                                                   "vkshare"});

// Networks.

// Where Apple's pictures are loaded from: the blocks that hold the relay addresses Apple publishes
// at https://mask-api.icloud.com/egress-ip-ranges.csv (some 280,000 entries, at Cloudflare, Fastly
// and Akamai), and Apple's own. People who browse through the relay come from the same ones, as
// whole browsers: a block alone makes nobody a machine. Taken from copies of that list of 2023 to
// 2025, put together on 2026-11-22.
inline constexpr auto kApple = std::to_array<std::string_view>(
    {"17.0.0.0/8", "104.28.0.0/16", "140.248.0.0/16", "146.75.128.0/17", "172.224.224.0/19",
     "172.225.0.0/16", "172.226.0.0/15", "2606:54c0::/30", "2a02:26f7::/32", "2a04:4e41::/32",
     "2a09:bac2::/31"});

// Services that check mail. A person does not read from there. Put together on 2026-11-22 from
// - Barracuda: the ranges of Email Gateway Defense in its documentation;
// - Mimecast: the networks behind _netblocks.mimecast.com;
// - Proofpoint: the ranges of its hosted service;
// - Symantec (Broadcom) Email Security.cloud: the networks behind spf.messagelabs.com;
// - Trend Micro, Cisco Secure Email, Cloudmark, Hornetsecurity: their registered blocks;
// - Microsoft: Exchange Online Protection (Safe Links also follows from other Azure networks, which
//   it does not tell).
inline constexpr auto kScannerNetworks = std::to_array<std::string_view>(
    {"64.235.144.0/20",  "209.222.80.0/21",                                           // Barracuda
     "41.74.192.0/20",   "51.163.158.0/23",  "62.140.7.0/24",    "62.140.10.0/24",    // Mimecast
     "63.128.21.0/24",   "91.220.42.0/24",   "103.13.69.0/24",   "103.96.21.0/24",    //
     "103.96.23.0/24",   "124.47.150.0/24",  "124.47.189.0/24",  "146.101.78.0/24",   //
     "170.10.128.0/21",  "180.189.28.0/24",  "185.58.84.0/22",   "193.7.206.0/23",    //
     "194.104.108.0/22", "195.130.217.0/24", "205.139.110.0/23", "207.82.80.0/24",    //
     "207.211.30.0/23",  "213.167.75.0/24",  "213.167.81.0/24",  "216.205.24.0/24",   //
     "67.231.144.0/20",  "148.163.128.0/19", "185.132.180.0/22", "205.220.160.0/20",  // Proofpoint
     "208.83.136.0/21",                                                               // Cloudmark
     "46.226.48.0/21",   "67.219.240.0/20",  "85.158.136.0/21",  "95.131.104.0/21",   // Symantec
     "103.9.96.0/22",    "117.120.16.0/21",  "193.109.254.0/23", "194.106.220.0/23",  //
     "195.245.230.0/23", "216.82.240.0/20",                                           //
     "150.70.0.0/16",                                                                 // Trend Micro
     "68.232.128.0/19",  "184.94.240.0/20",                                           // Cisco
     "83.246.65.0/24",   "94.100.128.0/20",                                        // Hornetsecurity
     "40.92.0.0/15",     "40.94.0.0/16",     "40.107.0.0/16",    "52.100.0.0/14",  // Microsoft
     "104.47.0.0/17"});

}  // namespace tidings::hit_tables
