//! Who asked: account, else device, else address; and what the data files say about them.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use super::account::Account;
use super::accounts::{Owner, User};
use super::text;
use crate::event::{ActorKind, ActorName, DeviceName, Member, Role};
use crate::fields::{Action, Fields, RecordKind};
use crate::report::{Notice, Tally};
use crate::settings::groups::{GroupKind, GroupMatch, UNMATCHED};
use crate::settings::networks::{Network, NetworkKind};
use crate::settings::year_group;

/// The machine and its address, ready for the range look-up.
pub(crate) struct Client<'a> {
    pub(crate) device: DeviceName<'a>,
    pub(crate) address: Option<IpAddr>,
    /// The source wrote `0.0.0.0` or nothing where an address should be.
    hidden: bool,
}

/// What is known about an actor besides the name.
pub(crate) struct Standing<'s> {
    pub(crate) role: Role,
    pub(crate) group_id: &'s str,
    pub(crate) year_group: Option<i8>,
    pub(crate) key_stage: Option<&'static str>,
}

/// Reads address, host and program of the client.
pub(crate) fn client<'a>(fields: &'a Fields<'a>, user: &User<'a>, tally: &mut Tally) -> Client<'a> {
    let mut host = text::read(&fields.client_host, tally).map(text::small_letters);
    let mut written = text::read(&fields.client_address, tally);
    if let Account::Address(address) = &user.account {
        // `x-fwd-for: 1.2.3.4` in the account column is the client behind another proxy (Q27).
        let forwarded = user.written.len() != address.len();
        if forwarded || written.is_none() {
            written = Some(address.clone());
        }
    }
    let mut address = written.as_deref().and_then(parse_address);
    if address.is_none() {
        if let Some(found) = host.as_deref().and_then(parse_address) {
            address = Some(found);
            written = host.take();
        } else if host.is_none() {
            // Some layouts write the machine's name where others write its address.
            host = written.take().map(text::small_letters);
        }
    }
    if host.is_some() && host == written {
        host = None;
    }
    let unspecified = address.is_some_and(|address| address.is_unspecified());
    let hidden = unspecified || fields.client_address.as_ref().is_some_and(|bytes| bytes.is_empty());
    let address = address.filter(|_| !unspecified);
    let shown = address.and_then(|address| {
        // What reads as the four numbers of an IPv4 address is spelt in the one way there is.
        let plain = written.as_deref().is_some_and(|written| written.parse::<Ipv4Addr>().is_ok());
        if plain { written } else { Some(Cow::Owned(address.to_string())) }
    });
    let user_agent = text::read(&fields.user_agent, tally);
    Client { device: DeviceName { address: shown, host, user_agent }, address, hidden }
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim_start_matches('[').trim_end_matches(']');
    let address: IpAddr = text.parse().ok().or_else(|| {
        let socket: std::net::SocketAddr = text.parse().ok()?;
        Some(socket.ip())
    })?;
    Some(address.to_canonical())
}

/// Who asked, and the role of a shared account where the school states one.
pub(crate) fn actor<'a>(
    fields: &Fields<'_>,
    user: User<'a>,
    client: &Client<'a>,
    owner: Owner,
    tally: &mut Tally,
) -> (ActorName<'a>, Option<Role>) {
    // After a refused sign-in the name is what was typed: nobody knows who typed it.
    let accepted = !fields.unauthenticated
        && fields.action != Action::Challenged
        && fields.kind != RecordKind::Authentication;
    let hidden = user.account == Account::Anonymous && client.hidden;
    let written = user.written;
    let with = |kind, name, member| ActorName { kind, name, written, member };
    match user.account {
        Account::Named(name) if accepted => {
            match owner.shared.filter(|shared| shared.exact || owner.member.is_none()) {
                Some(shared) => (with(ActorKind::Shared, name, None), shared.role),
                None => (with(ActorKind::Person, name, owner.member), None),
            }
        }
        Account::Machine(name) if accepted => (with(ActorKind::Machine, name, None), None),
        _ => {
            let (kind, name) = match (&client.device.host, &client.device.address) {
                (Some(host), _) => (ActorKind::Device, host.clone()),
                (None, Some(address)) => (ActorKind::Address, address.clone()),
                (None, None) => (ActorKind::Nobody, Cow::Borrowed("")),
            };
            if kind == ActorKind::Nobody && hidden {
                tally.notice(Notice::AnonymisedAtSource);
            }
            (with(kind, name, None), None)
        }
    }
}

/// Role, group and year: the roster's word goes before the group rule's.
pub(crate) fn standing<'s>(
    kind: ActorKind,
    member: Option<Member>,
    shared_role: Option<Role>,
    group: Option<GroupMatch<'s>>,
    network: Option<&Network>,
) -> Standing<'s> {
    let stated = member.map(|member| member.role).filter(|role| *role != Role::Unknown).or(shared_role);
    let by_group = group.filter(|group| stated.is_none_or(|role| role == group.role));
    let by_network = network.filter(|network| network.kind == NetworkKind::Guest).map(|_| Role::Guest);
    let role = stated.or(by_group.map(|group| group.role)).or(by_network).unwrap_or_default();
    let year_group = match role {
        Role::Staff | Role::Guest => None,
        Role::Pupil | Role::Unknown => {
            member.and_then(|member| member.year_group).or(by_group.and_then(|group| group.year_group))
        }
    };
    let key_stage = year_group.and_then(year_group::key_stage).or(by_group.and_then(|group| group.key_stage));
    let known = member.filter(|_| kind == ActorKind::Person);
    let by_roster = known.and_then(|member| match member.role {
        Role::Staff => Some("Staff"),
        Role::Guest => Some("Guest"),
        Role::Pupil | Role::Unknown => member.year_group.and_then(year_group::name),
    });
    // Examination and guest log-ins stay apart from the year of whoever sits there.
    let apart = by_group.filter(|group| matches!(group.kind, GroupKind::Exam | GroupKind::Guest));
    let group_id = apart
        .map(|group| group.group_id)
        .or(by_roster)
        .or(by_group.map(|group| group.group_id))
        .or((role == Role::Guest).then_some("Guest"))
        .unwrap_or(UNMATCHED);
    Standing { role, group_id, year_group, key_stage }
}
