-- os_glibc(): operating system → the version of glibc that it has at least.
--
-- A binary runs on a system whose glibc is as new as that of the system it was built
-- on, or newer: glibc keeps old symbols. The versions are those that each release came
-- with. Systems are named as Spack names them: the ID and version of /etc/os-release,
-- of which Spack keeps the first number alone but for Ubuntu. SUSE's service packs have
-- other versions of glibc under one such name: it stands here for the first, and with
-- its number for each. Left out are those without glibc (alpine): they run what was
-- built on them.
-- One text, not a list of pairs: what asks for it is bound in a tenth of the time.
create or replace macro os_glibc() as cast(
    '{
        almalinux8=2.28,
        almalinux9=2.34,
        almalinux10=2.39,
        amzn2=2.26,
        amzn2018=2.17,
        amzn2023=2.34,
        centos6=2.12,
        centos7=2.17,
        centos8=2.28,
        centos9=2.34,
        centos10=2.39,
        cloudlinux7=2.17,
        cloudlinux8=2.28,
        cloudlinux9=2.34,
        debian8=2.19,
        debian9=2.24,
        debian10=2.28,
        debian11=2.31,
        debian12=2.36,
        debian13=2.41,
        eurolinux8=2.28,
        eurolinux9=2.34,
        fedora36=2.35,
        fedora37=2.36,
        fedora38=2.37,
        fedora39=2.38,
        fedora40=2.39,
        fedora41=2.40,
        fedora42=2.41,
        fedora43=2.42,
        ol7=2.17,
        ol8=2.28,
        ol9=2.34,
        opensuse15=2.26,
        opensuse-leap15=2.26,
        opensuse-leap15.0=2.26,
        opensuse-leap15.1=2.26,
        opensuse-leap15.2=2.26,
        opensuse-leap15.3=2.31,
        opensuse-leap15.4=2.31,
        opensuse-leap15.5=2.31,
        opensuse-leap15.6=2.38,
        opensuse-leap16=2.40,
        rhel6=2.12,
        rhel7=2.17,
        rhel8=2.28,
        rhel9=2.34,
        rhel10=2.39,
        rocky8=2.28,
        rocky9=2.34,
        rocky10=2.39,
        scientific7=2.17,
        sles12=2.19,
        sles15=2.26,
        sles15.0=2.26,
        sles15.1=2.26,
        sles15.2=2.26,
        sles15.3=2.31,
        sles15.4=2.31,
        sles15.5=2.31,
        sles15.6=2.38,
        sles15.7=2.38,
        sles16=2.40,
        ubuntu14.04=2.19,
        ubuntu16.04=2.23,
        ubuntu18.04=2.27,
        ubuntu20.04=2.31,
        ubuntu22.04=2.35,
        ubuntu24.04=2.39,
        ubuntu24.10=2.40,
        ubuntu25.04=2.41,
        ubuntu25.10=2.42
    }' as map (varchar, varchar)
);

-- os_newest_glibc(): the same for a system that binaries were built on: at most.
create or replace macro os_newest_glibc() as map_concat(
    os_glibc(),
    map {
        'sles12': '2.22',
        'sles15': '2.38',
        'opensuse-leap15': '2.38',
        'opensuse15': '2.38'
    }
);

-- os_macos(): the systems of darwin, oldest first, as Spack names them.
create or replace macro os_macos() as [
    'highsierra',
    'mojave',
    'catalina',
    'bigsur',
    'monterey',
    'ventura',
    'sonoma',
    'sequoia',
    'tahoe'
];

-- glibc_numbers(version): 2.9 is older than 2.17, so versions compare as numbers.
create or replace macro glibc_numbers(version) as (
    cast(string_split(regexp_extract(version, '^[0-9]+([.][0-9]+)*'), '.') as integer[])
);

-- runs_on_glibc(built_on, glibc): whether a binary built on one system runs where this
-- version of glibc is, as far as the system goes.
create or replace macro runs_on_glibc(built_on, glibc) as (
    ifnull(
        glibc_numbers(os_newest_glibc()[built_on]) <= glibc_numbers(glibc),
        false
    )
);

-- host_glibc(host_os): the version of glibc of a host's system; `glibc2.34` is a system
-- of which no more is known than this.
create or replace macro host_glibc(host_os) as (
    ifnull(
        os_glibc()[host_os],
        nullif(regexp_extract(host_os, '^glibc([0-9]+([.][0-9]+)*)$', 1), '')
    )
);

-- runs_on(built_on, host_os): whether a binary built on one system runs on another, as
-- far as the system goes. 'any' leaves the system out. A newer macOS runs what was
-- built on an older one; a system that is in neither list runs only what was built on
-- it.
create or replace macro runs_on(built_on, host_os) as (
    host_os = 'any'
    or built_on = host_os
    or runs_on_glibc(built_on, host_glibc(host_os))
    or ifnull(
        nullif(list_position(os_macos(), built_on), 0)
        <= nullif(list_position(os_macos(), host_os), 0),
        false
    )
);

-- glibc_needs: of each spec that an index knows the libc of, the version of glibc that
-- it was built against. Where this is known, the system's name decides nothing.
create or replace view glibc_needs as
select
    edge.snapshot,
    edge.hash,
    max(glibc_numbers(libc.version)) as glibc
from dependencies as edge
inner join nodes as libc
    on edge.snapshot = libc.snapshot and edge.dependency_hash = libc.hash
where edge.dependency = 'glibc' and list_contains(edge.deptypes, 'link')
group by edge.snapshot, edge.hash;

-- runs_binary(built_on, needed, host_os): whether a binary runs on a host's system;
-- `needed` is the glibc that it was built against, from glibc_needs, null if unknown.
create or replace macro runs_binary(built_on, needed, host_os) as (
    if(
        needed is not null and host_glibc(host_os) is not null,
        needed <= glibc_numbers(host_glibc(host_os)),
        runs_on(built_on, host_os)
    )
)
