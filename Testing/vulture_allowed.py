"""Names that vulture takes for dead although something outside the library's Python uses them, by who that is."""

# The application finds the module's classes by name and reads these attributes.
HCCResponse, HCCResponseWidget, HCCResponseTest
_.runTest, _.dependencies, _.contributors, _.helpText, _.acknowledgementText, _.icon
_.CallDataType, _.collapsed
_._shortcuts  # only holds the shortcuts, which Qt deletes with their last reference

# Switches of other packages and of the database driver, names that other packages read.
_.benchmark, _.deterministic
_.download_pretrained_weights, _.download_url_and_unpack, _.send_usage_stats
_.isolation_level, _.text_factory, _.autocommit
_.down_revision
_.writeable  # of an array that is frozen
_.__signature__, _.__annotations__  # of a command, which typer reads

# Found by name: in the table of commands, in files of criteria and quantities, as an attribute of a module.
demo, open_dicom, deidentify, assess, review, sign, propose, segment, adapt, track, measure, rules, train
CRITERION, QUANTITY, _.__getattr__

# Parts of stored records and of answers in JSON; documented values for callers of the library.
_.in_plane_spacing_mm, _.voxel_count, _.unconstrained_caliper_mm, _.unconstrained_caliper_raw_mm
_.from_baseline, _.from_nadir, _.touches_field_of_view, _.start_ras, _.end_ras, _.minimum_mm
_.content_sha256, _.chain_head, _.content_version
_.kappa_linear, _.kappa_quadratic, _.fleiss_kappa, _.gwet_ac1  # read by name, one after the other
_.PFS  # chosen by its value

# Charter parameters that have one value so far: any other is refused (docs/decisions/0111).
_.required_regions, _.modality_change_policy, _.partial_dates

# Blocks of seeds that tests hold apart.
TEST_SEEDS, DEVELOPMENT_SEEDS, DEVELOPMENT_SEED
_.writeable  # of arrays that nobody may change

# Of a session of requests, of a study as JSON, of a DICOM data set that is written.
_.auth, _.patient_name, _.preamble, _.trust_env, _.verify
_.QueryRetrieveLevel, _.StudyInstanceUID, _.SeriesInstanceUID, _.supported_contexts
_.acse_timeout, _.dimse_timeout, _.network_timeout
_.PatientID, _.PatientName, _.PatientIdentityRemoved, _.LongitudinalTemporalInformationModified
(
    _.DeidentificationMethod,
    _.DeidentificationMethodCodeSequence,
    _.CodeValue,
    _.CodingSchemeDesignator,
    _.CodeMeaning,
)
_.TransferSyntaxUID, _.MediaStorageSOPClassUID, _.MediaStorageSOPInstanceUID

# What the application's module DICOM asks of its plugins.
_.loadType, _.examine, _.tooltip, _.confidence

draw_series  # by the walk through DICOM in a real application
_.SpecificCharacterSet  # of an object that is written
