//! Every provider: its name, what people call it, seconds that its records live, where its API is documented, the
//! fields that it needs, those that it may have, and how the credentials are handed over. The pages are those of the
//! providers themselves, compared with what other clients name in 2026.
//!
//! Records live as short as the provider allows. Not among them: Namecheap, whose API sets all records of a zone at
//! once and turns its mail forwarding off when that is not named, which the crate does not do.

use std::collections::HashMap;

use dns_update::DnsUpdater;
use dns_update::providers::azuredns::{AzureDnsConfig, AzureEnvironment};
use dns_update::providers::bluecatv2::BluecatV2Config;
use dns_update::providers::edgedns::EdgeDnsConfig;
use dns_update::providers::google_cloud_dns::GoogleCloudDnsConfig;
use dns_update::providers::infoblox::InfobloxConfig;
use dns_update::providers::joker::JokerAuth;
use dns_update::providers::lightsail::LightsailConfig;
use dns_update::providers::oraclecloud::OracleCloudConfig;
use dns_update::providers::ovh::OvhEndpoint;
use dns_update::providers::route53::Route53Config;
use dns_update::providers::volcengine::VolcengineConfig;
use dns_update::providers::yandexcloud::YandexCloudConfig;

use super::table::{Field, Provider, REQUEST_LIMIT as T, optional, required};

macro_rules! providers {
    ($($name:literal $title:literal $ttl:literal $documentation:literal
        ($($needed:ident),*) ($($further:ident),*) $build:expr;)*) => {
        &[$(Provider {
            name: $name,
            title: $title,
            ttl: $ttl,
            documentation: $documentation,
            fields: {
                const FIELDS: &[Field] =
                    &[$(required(stringify!($needed)),)* $(optional(stringify!($further)),)*];
                FIELDS
            },
            build: $build,
        },)*]
    };
}

/// By their names.
pub(super) const PROVIDERS: &[Provider] = providers! {
    "alidns" "Alibaba Cloud DNS" 600
        "https://www.alibabacloud.com/help/en/alibaba-cloud-dns/latest/api-alidns-2015-01-09-dir-parsing-records"
        (access_key, secret_key) (region, security_token, line)
        |v| DnsUpdater::new_alidns(
            v.get("access_key"), v.get("secret_key"), v.optional("region"), v.optional("security_token"),
            v.optional("line"), T);
    "arvancloud" "ArvanCloud" 600 "https://www.arvancloud.ir/docs/api/cdn/4.0"
        (api_key) () |v| DnsUpdater::new_arvancloud(v.get("api_key"), T);
    "autodns" "InterNetX AutoDNS" 600 "https://help.internetx.com/display/APIJSONEN"
        (username, password) (context)
        |v| DnsUpdater::new_autodns(v.get("username"), v.get("password"), v.number("context")?, T);
    "azuredns" "Azure DNS" 60 "https://learn.microsoft.com/en-us/rest/api/dns/"
        (tenant_id, client_id, client_secret, subscription_id, resource_group) (environment)
        |v| DnsUpdater::new_azuredns(AzureDnsConfig {
            tenant_id: v.owned("tenant_id"),
            client_id: v.owned("client_id"),
            client_secret: v.owned("client_secret"),
            subscription_id: v.owned("subscription_id"),
            resource_group: v.owned("resource_group"),
            environment: match v.optional("environment") {
                None | Some("public") => AzureEnvironment::Public,
                Some("china") => AzureEnvironment::China,
                Some("usgovernment") => AzureEnvironment::UsGovernment,
                Some(_) => return v.refuse("`environment` is public, china or usgovernment"),
            },
            request_timeout: T,
        });
    "baiducloud" "Baidu Cloud DNS" 300 "https://cloud.baidu.com/doc/DNS/s/El4s7lssr"
        (access_key, secret_key) ()
        |v| DnsUpdater::new_baiducloud(v.get("access_key"), v.get("secret_key"), T);
    "bluecatv2" "BlueCat Address Manager v2" 120
        "https://docs.bluecatnetworks.com/r/Address-Manager-RESTful-v2-API-Guide/Introduction/9.6.0"
        (server_url, username, password, config_name, view_name) (skip_deploy)
        |v| DnsUpdater::new_bluecatv2(BluecatV2Config {
            server_url: v.url("server_url")?.to_owned(),
            username: v.owned("username"),
            password: v.owned("password"),
            config_name: v.owned("config_name"),
            view_name: v.owned("view_name"),
            skip_deploy: v.is_set("skip_deploy")?,
            request_timeout: T,
        });
    "bunny" "Bunny DNS" 60 "https://docs.bunny.net/reference/dnszonepublic_index"
        (api_key) () |v| DnsUpdater::new_bunny(v.get("api_key"), T);
    "cloudflare" "Cloudflare" 120
        "https://developers.cloudflare.com/fundamentals/api/get-started/create-token/"
        (api_token) () |v| DnsUpdater::new_cloudflare(v.get("api_token"), T);
    "cloudns" "ClouDNS" 60 "https://www.cloudns.net/wiki/article/42/"
        (auth_password) (auth_id, sub_auth_id)
        |v| match (v.optional("auth_id"), v.optional("sub_auth_id")) {
            (None, None) => v.refuse("it needs `auth_id` or `sub_auth_id`"),
            (id, sub_id) => DnsUpdater::new_cloudns(id, sub_id, v.get("auth_password"), T),
        };
    "constellix" "Constellix" 60 "https://api-docs.constellix.com/"
        (api_key, secret_key) ()
        |v| DnsUpdater::new_constellix(v.get("api_key"), v.get("secret_key"), T);
    "cpanel" "cPanel" 300 "https://api.docs.cpanel.net/cpanel/tokens"
        (base_url, username, token) ()
        |v| DnsUpdater::new_cpanel(v.url("base_url")?, v.get("username"), v.get("token"), T);
    "ddnss" "DDNSS.de" 60 "https://ddnss.de/info.php"
        (key) () |v| DnsUpdater::new_ddnss(v.get("key"), T);
    "desec" "deSEC" 3600 "https://desec.readthedocs.io/en/latest/"
        (token) () |v| DnsUpdater::new_desec(v.get("token"), T);
    "digitalocean" "DigitalOcean" 30 "https://docs.digitalocean.com/products/networking/dns/reference/api/"
        (auth_token) () |v| DnsUpdater::new_digitalocean(v.get("auth_token"), T);
    "dnsimple" "DNSimple" 120 "https://developer.dnsimple.com/v2/"
        (auth_token, account_id) ()
        |v| DnsUpdater::new_dnsimple(v.get("auth_token"), v.get("account_id"), T);
    "dnsmadeeasy" "DNS Made Easy" 120 "https://api-docs.dnsmadeeasy.com/"
        (api_key, api_secret) ()
        |v| DnsUpdater::new_dnsmadeeasy(v.get("api_key"), v.get("api_secret"), T);
    "domeneshop" "Domeneshop" 300 "https://api.domeneshop.no/docs/"
        (api_token, api_secret) ()
        |v| DnsUpdater::new_domeneshop(v.get("api_token"), v.get("api_secret"), T);
    "dreamhost" "DreamHost" 300 "https://help.dreamhost.com/hc/en-us/articles/217560167-API_overview"
        (api_key) () |v| DnsUpdater::new_dreamhost(v.get("api_key"), T);
    "duckdns" "Duck DNS" 60 "https://www.duckdns.org/spec.jsp"
        (token) () |v| DnsUpdater::new_duckdns(v.get("token"), T);
    "dynu" "Dynu" 300 "https://www.dynu.com/en-US/Support/API"
        (api_key) () |v| DnsUpdater::new_dynu(v.get("api_key"), T);
    "easydns" "easyDNS" 120 "https://docs.sandbox.rest.easydns.net/"
        (token, key) () |v| DnsUpdater::new_easydns(v.get("token"), v.get("key"), T);
    "edgedns" "Akamai Edge DNS" 120 "https://techdocs.akamai.com/edge-dns/reference/edge-dns-api"
        (host, client_token, client_secret, access_token) (account_switch_key)
        |v| DnsUpdater::new_edgedns(EdgeDnsConfig {
            host: v.owned("host"),
            client_token: v.owned("client_token"),
            client_secret: v.owned("client_secret"),
            access_token: v.owned("access_token"),
            account_switch_key: v.optional_owned("account_switch_key"),
            request_timeout: T,
        });
    "exoscale" "Exoscale" 120 "https://openapi-v2.exoscale.com/"
        (api_key, api_secret) ()
        |v| DnsUpdater::new_exoscale(v.get("api_key"), v.get("api_secret"), T);
    "freemyip" "freemyip.com" 60 "https://freemyip.com/help"
        (token) () |v| DnsUpdater::new_freemyip(v.get("token"), T);
    "gandiv5" "Gandi LiveDNS" 300 "https://api.gandi.net/docs/livedns/"
        (personal_access_token) () |v| DnsUpdater::new_gandiv5(v.get("personal_access_token"), T);
    "gcore" "Gcore" 120 "https://api.gcore.com/docs/dns"
        (api_token) () |v| DnsUpdater::new_gcore(v.get("api_token"), T);
    "glesys" "GleSYS" 60 "https://github.com/GleSYS/API/wiki/API-Documentation"
        (api_user, api_key) () |v| DnsUpdater::new_glesys(v.get("api_user"), v.get("api_key"), T);
    "godaddy" "GoDaddy" 600 "https://developer.godaddy.com/doc/endpoint/domains"
        (api_key, api_secret) () |v| DnsUpdater::new_godaddy(v.get("api_key"), v.get("api_secret"), T);
    "googlecloud" "Google Cloud DNS" 120 "https://cloud.google.com/dns/docs/reference/v1"
        (service_account_json, project_id) (managed_zone, private_zone, impersonate_service_account)
        |v| DnsUpdater::new_google_cloud_dns(GoogleCloudDnsConfig {
            service_account_json: v.owned("service_account_json"),
            project_id: v.owned("project_id"),
            managed_zone: v.optional_owned("managed_zone"),
            private_zone: v.is_set("private_zone")?,
            impersonate_service_account: v.optional_owned("impersonate_service_account"),
            request_timeout: T,
        });
    "hetzner" "Hetzner" 60 "https://docs.hetzner.cloud/reference/cloud#dns"
        (api_token) () |v| DnsUpdater::new_hetzner(v.get("api_token"), T);
    "hostingde" "hosting.de" 120 "https://www.hosting.de/api/"
        (api_key) () |v| DnsUpdater::new_hostingde(v.get("api_key"), T);
    "hostinger" "Hostinger" 120 "https://developers.hostinger.com/"
        (api_token) () |v| DnsUpdater::new_hostinger(v.get("api_token"), T);
    "huaweicloud" "Huawei Cloud DNS" 300
        "https://support.huaweicloud.com/intl/en-us/api-dns/dns_api_30003.html"
        (access_key, secret_key, region) ()
        |v| DnsUpdater::new_huaweicloud(v.get("access_key"), v.get("secret_key"), v.get("region"), T);
    "hurricane" "Hurricane Electric" 300 "https://dns.he.net/"
        (domain, token) ()
        |v| DnsUpdater::new_hurricane(HashMap::from([(v.owned("domain"), v.owned("token"))]), T);
    "ibmcloud" "IBM Cloud, classic infrastructure" 120
        "https://cloud.ibm.com/docs/dns?topic=dns-getting-started-with-the-dns-api"
        (username, api_key) () |v| DnsUpdater::new_ibmcloud(v.get("username"), v.get("api_key"), T);
    "infoblox" "Infoblox NIOS" 120 "https://docs.infoblox.com/"
        (host, username, password) (port, wapi_version, dns_view)
        |v| DnsUpdater::new_infoblox(InfobloxConfig {
            host: v.owned("host"),
            port: v.optional_owned("port"),
            username: v.owned("username"),
            password: v.owned("password"),
            wapi_version: v.optional_owned("wapi_version"),
            dns_view: v.optional_owned("dns_view"),
            request_timeout: T,
        });
    "infomaniak" "Infomaniak" 300 "https://developer.infomaniak.com/docs/api"
        (access_token) () |v| DnsUpdater::new_infomaniak(v.get("access_token"), T);
    "inwx" "INWX" 300 "https://www.inwx.de/en/help/apidoc"
        (username, password) (sandbox)
        |v| DnsUpdater::new_inwx(v.get("username"), v.get("password"), v.is_set("sandbox")?, T);
    "ionos" "IONOS" 60 "https://developer.hosting.ionos.com/docs/dns"
        (api_key) () |v| DnsUpdater::new_ionos(v.get("api_key"), T);
    "ipv64" "IPv64" 60 "https://ipv64.net/dyndns_updater_api"
        (api_key) () |v| DnsUpdater::new_ipv64(v.get("api_key"), T);
    "joker" "Joker" 60 "https://joker.com/faq/category/39/22-dmapi.html"
        () (api_key, username, password)
        |v| match (v.optional("api_key"), v.optional("username"), v.optional("password")) {
            (Some(key), None, None) => DnsUpdater::new_joker(JokerAuth::api_key(key), T),
            (None, Some(user), Some(password)) =>
                DnsUpdater::new_joker(JokerAuth::username_password(user, password), T),
            _ => v.refuse("it needs either `api_key`, or `username` and `password`"),
        };
    "lightsail" "AWS Lightsail" 120 "https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/"
        (access_key_id, secret_access_key) (session_token, region, domain)
        |v| DnsUpdater::new_lightsail(LightsailConfig {
            access_key_id: v.owned("access_key_id"),
            secret_access_key: v.owned("secret_access_key"),
            session_token: v.optional_owned("session_token"),
            region: v.optional_owned("region"),
            domain: v.optional_owned("domain"),
            request_timeout: T,
        });
    "linode" "Linode" 300 "https://techdocs.akamai.com/linode-api/reference/api"
        (auth_token) () |v| DnsUpdater::new_linode(v.get("auth_token"), T);
    "luadns" "LuaDNS" 300 "https://luadns.com/api.html"
        (api_username, api_token) ()
        |v| DnsUpdater::new_luadns(v.get("api_username"), v.get("api_token"), T);
    "mythicbeasts" "Mythic Beasts" 120 "https://www.mythic-beasts.com/support/api/dnsv2"
        (username, password) () |v| DnsUpdater::new_mythicbeasts(v.get("username"), v.get("password"), T);
    "namedotcom" "Name.com" 300 "https://docs.name.com/"
        (username, api_token) () |v| DnsUpdater::new_namedotcom(v.get("username"), v.get("api_token"), T);
    "namesilo" "NameSilo" 3600 "https://www.namesilo.com/api-reference"
        (api_key) () |v| DnsUpdater::new_namesilo(v.get("api_key"), T);
    "netcup" "netcup" 120 "https://helpcenter.netcup.com/en/wiki/general/our-api"
        (customer_number, api_key, api_password) ()
        |v| DnsUpdater::new_netcup(
            v.get("customer_number"), v.get("api_key"), v.get("api_password"), T);
    "netlify" "Netlify" 300 "https://open-api.netlify.com/"
        (access_token) () |v| DnsUpdater::new_netlify(v.get("access_token"), T);
    "nifcloud" "NIFCLOUD" 120 "https://pfs.nifcloud.com/api/"
        (access_key, secret_key) ()
        |v| DnsUpdater::new_nifcloud(v.get("access_key"), v.get("secret_key"), T);
    "ns1" "NS1" 60 "https://ns1.com/api"
        (api_key) () |v| DnsUpdater::new_ns1(v.get("api_key"), T);
    "oraclecloud" "Oracle Cloud DNS" 120 "https://docs.oracle.com/en-us/iaas/api/"
        (tenancy_ocid, user_ocid, fingerprint, private_key_pem, region, compartment_ocid)
        (private_key_password)
        |v| DnsUpdater::new_oraclecloud(OracleCloudConfig {
            tenancy_ocid: v.owned("tenancy_ocid"),
            user_ocid: v.owned("user_ocid"),
            fingerprint: v.owned("fingerprint"),
            private_key_pem: v.owned("private_key_pem"),
            private_key_password: v.optional_owned("private_key_password"),
            region: v.owned("region"),
            compartment_ocid: v.owned("compartment_ocid"),
            request_timeout: T,
        });
    "ovh" "OVH" 60 "https://eu.api.ovh.com/"
        (application_key, application_secret, consumer_key, endpoint) ()
        |v| DnsUpdater::new_ovh(
            v.get("application_key"), v.get("application_secret"), v.get("consumer_key"),
            v.get("endpoint").parse::<OvhEndpoint>()?, T);
    "pdns" "PowerDNS Authoritative Server" 60 "https://doc.powerdns.com/authoritative/http-api/index.html"
        (api_key) (endpoint, server_name)
        |v| DnsUpdater::new_pdns(
            v.get("api_key"), v.optional_url("endpoint")?, v.optional("server_name"), T);
    "plesk" "Plesk" 60 "https://docs.plesk.com/en-US/obsidian/api-rpc/about-xml-api/reference.28784/"
        (base_url, api_key) () |v| DnsUpdater::new_plesk(v.url("base_url")?, v.get("api_key"), T);
    "porkbun" "Porkbun" 600 "https://porkbun.com/api/json/v3/documentation"
        (api_key, secret_api_key) ()
        |v| DnsUpdater::new_porkbun(v.get("api_key"), v.get("secret_api_key"), T);
    "route53" "AWS Route 53" 60
        "https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53.html"
        (access_key_id, secret_access_key) (session_token, region, hosted_zone_id, private_zone_only, endpoint)
        |v| DnsUpdater::new_route53(Route53Config {
            access_key_id: v.owned("access_key_id"),
            secret_access_key: v.owned("secret_access_key"),
            session_token: v.optional_owned("session_token"),
            region: v.optional_owned("region"),
            hosted_zone_id: v.optional_owned("hosted_zone_id"),
            private_zone_only: Some(v.is_set("private_zone_only")?),
            endpoint: v.optional_url("endpoint")?.map(str::to_owned),
        });
    "safedns" "ANS SafeDNS" 120 "https://developers.ukfast.io/documentation/safedns"
        (auth_token) () |v| DnsUpdater::new_safedns(v.get("auth_token"), T);
    "scaleway" "Scaleway" 60 "https://www.scaleway.com/en/developers/api/domains-and-dns/"
        (api_token) () |v| DnsUpdater::new_scaleway(v.get("api_token"), T);
    "selectel" "Selectel" 60 "https://docs.selectel.ru/en/api/dns-actual/"
        (username, password, account_id, project_id) ()
        |v| DnsUpdater::new_selectel(
            v.get("username"), v.get("password"), v.get("account_id"), v.get("project_id"), T);
    "simplycom" "Simply.com" 120 "https://www.simply.com/en/docs/api/"
        (account_name, api_key) () |v| DnsUpdater::new_simplycom(v.get("account_name"), v.get("api_key"), T);
    "spaceship" "Spaceship" 120 "https://docs.spaceship.dev/"
        (api_key, api_secret) () |v| DnsUpdater::new_spaceship(v.get("api_key"), v.get("api_secret"), T);
    "tencentcloud" "Tencent Cloud DNSPod" 600 "https://cloud.tencent.com/document/product/1427/56153"
        (secret_id, secret_key) (region, session_token)
        |v| DnsUpdater::new_tencentcloud(
            v.get("secret_id"), v.get("secret_key"), v.optional("region"), v.optional("session_token"), T);
    "transip" "TransIP" 60 "https://api.transip.eu/rest/docs.html"
        (login, private_key_pem) (global_key)
        |v| DnsUpdater::new_transip(v.get("login"), v.get("private_key_pem"), v.is_set("global_key")?, T);
    "ultradns" "UltraDNS" 120 "https://ultra-portalstatic.ultradns.com/static/docs/REST-API_User_Guide.pdf"
        (username, password) (endpoint)
        |v| DnsUpdater::new_ultradns(
            v.get("username"), v.get("password"), v.optional_url("endpoint")?.map(str::to_owned), T);
    "vercel" "Vercel" 60 "https://vercel.com/docs/rest-api"
        (auth_token) (team_id)
        |v| DnsUpdater::new_vercel(v.get("auth_token"), v.optional("team_id"), T);
    "volcengine" "Volcano Engine" 600 "https://www.volcengine.com/docs/6758/155086"
        (access_key, secret_key) (region, host, scheme)
        |v| DnsUpdater::new_volcengine(VolcengineConfig {
            access_key: v.owned("access_key"),
            secret_key: v.owned("secret_key"),
            region: v.optional_owned("region"),
            host: v.optional_owned("host"),
            scheme: v.optional_owned("scheme"),
            request_timeout: T,
        });
    "vultr" "Vultr" 120 "https://www.vultr.com/api/"
        (api_key) () |v| DnsUpdater::new_vultr(v.get("api_key"), T);
    "websupport" "Websupport" 600 "https://rest.websupport.sk/v2/docs"
        (api_key, secret) () |v| DnsUpdater::new_websupport(v.get("api_key"), v.get("secret"), T);
    "yandexcloud" "Yandex Cloud DNS" 60 "https://yandex.cloud/en/docs/dns/api-ref/"
        (iam_token_b64, folder_id) ()
        |v| DnsUpdater::new_yandexcloud(YandexCloudConfig {
            iam_token_b64: v.owned("iam_token_b64"),
            folder_id: v.owned("folder_id"),
            request_timeout: T,
        });
    "zoneeu" "Zone.eu" 300 "https://api.zone.eu/v2"
        (username, api_key) () |v| DnsUpdater::new_zoneeu(v.get("username"), v.get("api_key"), T);
};
