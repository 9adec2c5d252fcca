-- os_glibc(): operating system → its version of glibc, where it has one for life.
--
-- A binary runs on a system whose glibc is as new as that of the system it was built
-- on, or newer: glibc keeps old symbols. The versions are those that each release came
-- with; releases do not change them. Systems are named as Spack names them: the ID and
-- version of /etc/os-release. Left out are those whose versions differ within one name
-- (sles15, opensuse15) and those without glibc (alpine): they run what was built on
-- them.
create or replace macro os_glibc() as map_from_entries(
    [
        ('almalinux8', '2.28'),
        ('almalinux9', '2.34'),
        ('almalinux10', '2.39'),
        ('amzn2', '2.26'),
        ('amzn2023', '2.34'),
        ('centos7', '2.17'),
        ('centos8', '2.28'),
        ('centos9', '2.34'),
        ('centos10', '2.39'),
        ('debian9', '2.24'),
        ('debian10', '2.28'),
        ('debian11', '2.31'),
        ('debian12', '2.36'),
        ('debian13', '2.41'),
        ('fedora38', '2.37'),
        ('fedora39', '2.38'),
        ('fedora40', '2.39'),
        ('fedora41', '2.40'),
        ('fedora42', '2.41'),
        ('ol7', '2.17'),
        ('ol8', '2.28'),
        ('ol9', '2.34'),
        ('rhel7', '2.17'),
        ('rhel8', '2.28'),
        ('rhel9', '2.34'),
        ('rhel10', '2.39'),
        ('rocky8', '2.28'),
        ('rocky9', '2.34'),
        ('rocky10', '2.39'),
        ('scientific7', '2.17'),
        ('ubuntu16.04', '2.23'),
        ('ubuntu18.04', '2.27'),
        ('ubuntu20.04', '2.31'),
        ('ubuntu22.04', '2.35'),
        ('ubuntu24.04', '2.39')
    ]
);

-- runs_on(built_on, host_os): whether a binary built on one system runs on another, as
-- far as the system goes. 'any' leaves the system out; a system that is not in the
-- table, and any other than linux, runs only what was built on it.
create or replace macro runs_on(built_on, host_os) as (
    host_os = 'any'
    or built_on = host_os
    -- 2.9 is older than 2.17: versions compare as numbers.
    or ifnull(
        cast(string_split(os_glibc()[built_on], '.') as integer[])
        <= cast(string_split(os_glibc()[host_os], '.') as integer[]),
        false
    )
)
